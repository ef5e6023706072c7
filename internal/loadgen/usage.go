package loadgen

// usage is what --help prints.
const usage = `Usage: kvasir benchmark [OPTIONS] [--] [COMMAND ARGS...]

Sends requests over many connections and reports how many the server answered
per second and how long the answers took. Without a command it runs a suite of
tests; with -t, some of them.

Several commands are sent as one sequence when separated by ';' arguments, as in
"SET foo bar ';' GET foo". A number before a command repeats it. In arguments,
these are replaced:

 __rand_int__       A random number of 12 digits below the one given with -r; each
                    occurrence gets its own.
 __rand_1st__       The same, but all occurrences in a sequence get one number.
                    So with __rand_2nd__ to __rand_9th__.
 __data__           A payload of the size given with -d.
 {tag}              In a cluster: a hash tag of a slot of the node the request goes
                    to. Keys need it there.

Where:

 -h <hostname>      Server host (default 127.0.0.1)
 -p <port>          Server port (default 6379)
 -s <socket>        Unix socket of the server; overrides host and port
 -u <uri>           All of it: valkey://user:password@host:port/db, or valkeys://
                    for TLS. Every part but the host may be left out.
 -a <password>      Password to authenticate with
 --user <username>  User to authenticate as; needs -a
 --dbnum <db>       Database to select (default 0)
 -3                 Speak RESP3
 --mptcp            Use Multipath TCP
 --cluster          Spread the connections over the nodes of a cluster. There should
                    be at least as many connections as nodes.
 --rfr <mode>       In a cluster, send to: no - primaries (default), yes - replicas,
                    all - both. Replicas take only commands that read.
 --enable-tracking  Start with CLIENT TRACKING on

How much:

 -c <clients>       Connections (default 50)
 --threads <num>    Threads that share the connections (default 1)
 -n <requests>      Requests in total (default 100000)
 --duration <seconds>
                    Run so long, instead of a number of requests
 --warmup <seconds> Send requests for so long before counting
 --rps <requests>   Requests per second at most (default 0, no limit)
 -P <numreq>        Requests (or sequences) sent before waiting for replies
                    (default 1)
 -k <boolean>       1 keeps connections (default), 0 makes one for each request
 -l                 Repeat until interrupted
 -I                 Only hold the connections open

What:

 -t <tests>         Tests to run, separated by commas, by the names in their reports
 -d <size>          Bytes of payload (default 3)
 -r <keyspacelen>   Replace the placeholders by numbers from 0 to keyspacelen-1. The
                    tests use them for keys, elements and scores. Without -r they
                    stay as they are, so that all requests have the same key.
 --sequential       Count up instead of drawing random numbers, with a counter for
                    each of the ten placeholders
 --seed <num>       Seed of the random numbers (default: the time)
 -x                 Read the command's last argument from standard input
 --num-functions <num>
                    Functions in the library of the test function_load (default 10)
 --num-keys-in-fcall <num>
                    Keys of the test fcall (default 1)

Output:

 -q                 One line per test
 --csv              CSV
 --precision <num>  Significant digits of latencies, 1 to 4 (default 3)
 --help             This text
 --version          The version

TLS:

 --tls              Use TLS
 --sni <host>       Server name to ask for
 --cacert <file>    CA certificates to trust
 --cacertdir <dir>  Directory of CA certificates to trust. The default is the
                    system's.
 --insecure         Do not verify the server's certificate
 --cert <file>      Client certificate
 --key <file>       Private key of the client certificate
 --tls-ciphers <list>
                    TLSv1.2 ciphers in OpenSSL's notation
 --tls-ciphersuites <list>
                    Accepted; all TLSv1.3 ciphersuites are always offered

Examples:

 The whole suite against 127.0.0.1:6379:
   $ kvasir benchmark

 Fill a server with about a million keys:
   $ kvasir benchmark -t set -n 1000000 -r 100000000

 Some tests, as CSV:
   $ kvasir benchmark -t ping,set,get -n 100000 --csv

 One command:
   $ kvasir benchmark -r 10000 -n 10000 lpush mylist __rand_int__

 A transaction:
   $ kvasir benchmark -- multi ';' set key:__rand_int__ __data__ ';' \
                         incr counter ';' exec

`
