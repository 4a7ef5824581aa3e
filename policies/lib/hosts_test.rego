package lib.lockgate.hosts_test

import data.lib.lockgate.hosts

test_urls if {
	hosts.parse("https://user:pass@API.example.com:8443/x?y") == {"scheme": "https", "user": "user:pass", "host": "api.example.com"}
	hosts.parse("HTTP://example.com.") == {"scheme": "http", "user": "", "host": "example.com"}
	hosts.parse("http://[::1]:80/").host == "[::1]"
	hosts.parse("https://example.com/{{x}}").host == "example.com"
	every text in ["example.com/x", "", "/data", "https://{{host}}/x", "https://${HOST}/x", 7, null] {
		not hosts.parse(text)
	}
}

test_inside if {
	every host in ["minio", "minio.storage.svc", "a.b.svc.cluster.local", "x.internal", "10.1.2.3", "127.0.0.1", "172.20.0.1", "192.168.1.1", "[::1]"] {
		hosts.inside(host)
	}
	every host in ["example.com", "8.8.8.8", "172.32.0.1", "internal.example.com", "svc.example.com", "a.b.svc.example.org", "models.svc.evil.example", "100.1.1.1", "[2001:db8::1]"] {
		not hosts.inside(host)
	}
}

test_plain if {
	every text in ["http://example.com/model.bin", "HTTP://8.8.8.8", "ftp://example.com", "git://example.com/x", " http://example.com"] {
		hosts.plain(text)
	}
	every text in ["https://example.com", "http://minio:9000", "http://a.b.svc/x", "http://{{x}}", "s3://bucket/x", ""] {
		not hosts.plain(text)
	}
}

test_listed if {
	hosts.listed("a.example.com", ["*.Example.com"])
	hosts.listed("example.com", ["EXAMPLE.com"])
	not hosts.listed("example.com", ["*.example.com"])
	not hosts.listed("evilexample.com", ["*.example.com", "example.com"])
}
