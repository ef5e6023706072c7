package node

import (
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/config"
)

// eventClasses translates notify-keyspace-events. Without a kind of channel,
// K or E, nobody can listen and no event is raised.
func eventClasses(setting config.KeyspaceEvents) (classes command.EventClass) {
	if setting&(config.EventKeyspace|config.EventKeyevent) == 0 {
		return 0
	}
	for _, c := range [...]struct {
		letter config.KeyspaceEvents
		class  command.EventClass
	}{
		{config.EventKeyspace, command.EventKeyspace},
		{config.EventKeyevent, command.EventKeyevent},
		{config.EventGeneric, command.EventGeneric},
		{config.EventString, command.EventString},
		{config.EventList, command.EventList},
		{config.EventSet, command.EventSet},
		{config.EventHash, command.EventHash},
		{config.EventZSet, command.EventZSet},
		{config.EventExpired, command.EventExpired},
		{config.EventEvicted, command.EventEvicted},
		{config.EventStream, command.EventStream},
		{config.EventKeyMiss, command.EventKeyMiss},
		{config.EventModule, command.EventModule},
		{config.EventNew, command.EventNew},
	} {
		if setting&c.letter != 0 {
			classes |= c.class
		}
	}
	return classes
}
