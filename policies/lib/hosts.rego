# METADATA
# title: Hosts of URLs
# description: |
#   Where a URL leads, as far as it can be told from its text: into the cluster, or out of it.
package lib.lockgate.hosts

import data.lib.lockgate.images

# METADATA
# description: |
#   `{"scheme", "user", "host"}` of a URL, in small letters but for `user`; `user` is what stands before `@`, "" where nothing does. Undefined where
#   the text is no URL with a host, and where a placeholder stands in its host.
parse(text) := {"scheme": lower(found[0][1]), "user": trim_suffix(found[0][2], "@"), "host": lower(trim_suffix(found[0][3], "."))} if {
	is_string(text)
	found := regex.find_all_string_submatch_n(`^\s*([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:@]+)`, text, 1)
	count(found) == 1
	not images.placeholder(found[0][3])
}

# METADATA
# description: |
#   Whether a host lies in the cluster or its network: a name without a dot, a Service's, a name under `.internal`, `.local` and the like, or a
#   private address. What ends in a cluster's domain of its own may be anybody's name (`x.svc.example.com`) and lies outside.
inside(host) if not regex.match(`[.:]`, host)

inside(host) if {
	some ending in [".svc", ".cluster.local", ".local", ".internal", ".localdomain", ".lan", ".test"]
	endswith(host, ending)
}

inside(host) if regex.match(`^(10|127|192\.168|172\.(1[6-9]|2[0-9]|3[01]))\.[0-9.]+$`, host)

inside(host) if host in {"[::1]"}

# METADATA
# description: Whether what is sent to a URL, or fetched from it, leaves the cluster unencrypted.
plain(text) if {
	found := parse(text)
	found.scheme in {"ftp", "git", "http"}
	not inside(found.host)
}

# METADATA
# description: Whether a host is one of a list; `*.example.com` is every host below `example.com`.
listed(host, list) if {
	some name in list
	lower(name) == host
}

listed(host, list) if {
	some name in list
	startswith(name, "*.")
	endswith(host, lower(substring(name, 1, -1)))
}
