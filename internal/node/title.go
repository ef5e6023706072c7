package node

import "context"

// connectTitle makes the process show what it is and where it listens, and follow
// changes of that (set-proc-title, proc-title-template).
func (n *Node) connectTitle() {
	p := &n.Config.Params
	if n.options.ShowTitle == nil || !p.SetProcTitle.Load() {
		return
	}
	show := func() { n.options.ShowTitle(n.Config.ProcessTitle(n.options.Program)) }
	show()
	n.Config.OnApply(func(context.Context) error {
		show()
		return nil
	}, p.ProcTitleTemplate, p.Port, p.Bind)
}
