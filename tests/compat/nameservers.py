# SPDX-License-Identifier: MIT
"""Name servers and resolvers."""
from stock import IPV4

from conversation import transfer
from questions import ZONE, dns, is_dns_answer, is_tftp_block, tftp
from stock import Stock

# In debug mode it keeps its user and group, which in a user namespace it could not change.
DNSMASQ = ('dnsmasq', '-d', '-C', '/dev/null', '--no-resolv', '--no-hosts', '--address=/www.example.com/192.0.2.80',
	'--pid-file', '--log-facility=-')
ZONE_FILE = ('example.com.zone', ZONE)
UNBOUND = '''server:
	interface: 0.0.0.0
	interface: ::0
	interface-automatic: %s
	access-control: 0.0.0.0/0 allow
	access-control: ::0/0 allow
	chroot: ""
	username: ""
	directory: "@DIR@"
	pidfile: ""
	use-syslog: no
	num-threads: %d
	module-config: "iterator"
	local-zone: "example.com." static
	local-data: "www.example.com. A 192.0.2.80"
remote-control:
	control-enable: no
'''
NSD = '''server:
	username: ""
	zonesdir: "@DIR@"
	pidfile: ""
	database: ""
	xfrdfile: "@DIR@/xfrd.state"
	zonelistfile: "@DIR@/zone.list"
	xfrdir: "@DIR@"
	%s
remote-control:
	control-enable: no
zone:
	name: example.com
	zonefile: example.com.zone
'''
KNOT = '''server:
  listen: [ 0.0.0.0@53, ::@53 ]
  rundir: @DIR@
  udp-workers: %d
  background-workers: 1
database:
  storage: @DIR@
zone:
  - domain: example.com
    storage: @DIR@
    file: example.com.zone
'''
NAMED = '''options {
	directory "@DIR@"; pid-file none; session-keyfile none; lock-file none; recursion no; dnssec-validation no;
	listen-on { any; }; listen-on-v6 { any; };
};
controls { };
zone "example.com" { type primary; file "example.com.zone"; };
'''
KRESD = '''net.listen('0.0.0.0', 53, { kind = 'dns' })
net.listen('::', 53, { kind = 'dns' })
modules.unload('ta_update')
policy.add(policy.all(policy.DENY))
'''
DNSDIST = '''setLocal("0.0.0.0:53")
addLocal("[::]:53")
addACL("0.0.0.0/0")
addACL("::/0")
setSecurityPollSuffix("")
addAction(AllRule(), SpoofAction("192.0.2.80"))
'''
FORWARDING = '''setLocal("0.0.0.0:53")
addLocal("[::]:53")
addACL("0.0.0.0/0")
addACL("::/0")
setSecurityPollSuffix("")
newServer({ address = "192.0.2.3:5300", healthCheckMode = "up" })
'''
BEHIND = '''#!/bin/sh
"$@" &
until grep -q ':14B4 ' /proc/net/udp; do :; done
exec dnsdist --supervised --disable-syslog -C @DIR@/dnsdist.conf
'''


def server(name, package, *argv, **settings):
	return Stock(name, package, argv, port=53, request=dns('www.example.com'), is_answer=is_dns_answer, **settings)


ROWS = (
	server('dnsmasq', 'dnsmasq-base', *DNSMASQ),
	server('dnsmasq --bind-interfaces', 'dnsmasq-base', *DNSMASQ, '--bind-interfaces', '--listen-address=0.0.0.0', destinations=IPV4, quick=True),
	server('dnsmasq --bind-dynamic', 'dnsmasq-base', *DNSMASQ, '--bind-dynamic'),
	Stock('dnsmasq TFTP', 'dnsmasq-base', (*DNSMASQ, '--port=0', '--enable-tftp', '--tftp-root=@DIR@/tftp'), port=69,
		request=tftp('file'), is_answer=is_tftp_block, talk=transfer, files=(('tftp/file', 'a line\n' * 200),)),
	server('unbound', 'unbound', 'unbound', '-d', '-c', '@DIR@/unbound.conf', files=(('unbound.conf', UNBOUND % ('no', 1)),)),
	server('unbound, threads', 'unbound', 'unbound', '-d', '-c', '@DIR@/unbound.conf', files=(('unbound.conf', UNBOUND % ('no', 2)),)),
	server('unbound interface-automatic', 'unbound', 'unbound', '-d', '-c', '@DIR@/unbound.conf', files=(('unbound.conf', UNBOUND % ('yes', 1)),)),
	server('nsd', 'nsd', 'nsd', '-d', '-c', '@DIR@/nsd.conf', files=(('nsd.conf', NSD % 'server-count: 1'), ZONE_FILE)),
	server('nsd ip-address: 0.0.0.0', 'nsd', 'nsd', '-d', '-c', '@DIR@/nsd.conf',
		files=(('nsd.conf', NSD % 'ip-address: 0.0.0.0\n\tip-address: ::0\n\treuseport: yes\n\tserver-count: 2'), ZONE_FILE)),
	server('knot', 'knot', 'knotd', '-c', '@DIR@/knot.conf', files=(('knot.conf', KNOT % 2), ZONE_FILE)),
	server('bind9', 'bind9', 'named', '-g', '-c', '@DIR@/named.conf', files=(('named.conf', NAMED), ZONE_FILE)),
	server('pdns', 'pdns-server', 'pdns_server', '--config-dir=@DIR@', '--local-address=0.0.0.0,::', '--launch=bind',
		'--bind-config=@DIR@/bind.conf', '--socket-dir=@DIR@', '--daemon=no', '--guardian=no', '--disable-syslog', '--receiver-threads=2',
		'--reuseport=yes', needs=('pdns-backend-bind',),
		files=(('pdns.conf', ''), ('bind.conf', 'zone "example.com" { type primary; file "@DIR@/example.com.zone"; };\n'), ZONE_FILE)),
	server('pdns-recursor', 'pdns-recursor', 'pdns_recursor', '--config-dir=@DIR@', '--local-address=0.0.0.0,::', '--allow-from=0.0.0.0/0,::/0',
		'--socket-dir=@DIR@', '--daemon=no', '--disable-syslog', '--threads=2', '--auth-zones=example.com=@DIR@/example.com.zone',
		'--hint-file=no', '--security-poll-suffix=', files=(('recursor.conf', ''), ZONE_FILE)),
	server('gdnsd', 'gdnsd', 'gdnsd', '-c', '@DIR@', 'start', folders=('run', 'state'), files=(('zones/example.com', ZONE),
		('config', 'options => { listen => any, run_dir => "@DIR@/run", state_dir => "@DIR@/state" }\n'))),
	server('rbldnsd', 'rbldnsd', 'rbldnsd', '-n', '-b', '0.0.0.0/53', '-p', '@DIR@/pid', '-u', 'nobody', '-w', '@DIR@',
		'example.com:generic:list', destinations=IPV4, files=(('list', '$NS 300 ns.example.com\nwww A 192.0.2.80\n'),)),
	server('knot-resolver', 'knot-resolver', 'kresd', '-n', '-c', '@DIR@/kresd.conf', '@DIR@', files=(('kresd.conf', KRESD),)),
	server('dnsdist', 'dnsdist', 'dnsdist', '--supervised', '--disable-syslog', '-C', '@DIR@/dnsdist.conf', files=(('dnsdist.conf', DNSDIST),)),
	server('dnsdist before dnsmasq', 'dnsdist', '/bin/sh', '@DIR@/start', *DNSMASQ, '--port=5300', needs=('dnsmasq-base',),
		files=(('dnsdist.conf', FORWARDING), ('start', BEHIND))),
	Stock('iodined', 'iodine', ('iodined', '-f', '-c', '-P', 'replyfrom', '203.0.113.1/27', 't.example.com'), port=53,
		request=dns('t.example.com', 2), is_answer=is_dns_answer, destinations=IPV4),
)
