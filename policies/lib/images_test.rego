package lib.lockgate.images_test

import data.lib.lockgate.images

sha256 := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

sha512 := sprintf("sha512:%s%s", [trim_prefix(sha256, "sha256:"), trim_prefix(sha256, "sha256:")])

# Reference to name, tag and digest.
valid := {
	"nginx": ["docker.io/library/nginx", "", ""],
	"nginx:1.27": ["docker.io/library/nginx", "1.27", ""],
	"library/nginx": ["docker.io/library/nginx", "", ""],
	"rayproject/ray:2.52.0-gpu": ["docker.io/rayproject/ray", "2.52.0-gpu", ""],
	"docker.io/nginx": ["docker.io/library/nginx", "", ""],
	"index.docker.io/nginx": ["docker.io/library/nginx", "", ""],
	"docker.io/a/b/c": ["docker.io/a/b/c", "", ""],
	"gcr.io/foo": ["gcr.io/foo", "", ""],
	"GCR.io/foo": ["gcr.io/foo", "", ""],
	"Registry/foo": ["registry/foo", "", ""],
	"registry:5000/a/b:v1": ["registry:5000/a/b", "v1", ""],
	"localhost/a": ["localhost/a", "", ""],
	"localhost:5000/a": ["localhost:5000/a", "", ""],
	"localhost:5000": ["docker.io/library/localhost", "5000", ""],
	"registry/foo": ["docker.io/registry/foo", "", ""],
	"10.0.0.1:5000/a": ["10.0.0.1:5000/a", "", ""],
	"[::1]:5000/a": ["[::1]:5000/a", "", ""],
	"registry.example.com/a__b/c-d--e.f_g:Tag_1.0-x": ["registry.example.com/a__b/c-d--e.f_g", "Tag_1.0-x", ""],
	sprintf("registry.example.com/a@%s", [sha256]): ["registry.example.com/a", "", sha256],
	sprintf("registry.example.com/a:v1@%s", [sha256]): ["registry.example.com/a", "v1", sha256],
	sprintf("registry.example.com:443/a@%s", [sha512]): ["registry.example.com:443/a", "", sha512],
}

test_valid if {
	every text, expected in valid {
		reference := images.parse(text)
		[reference.name, reference.tag, reference.digest] == expected
		reference.name == sprintf("%s/%s", [reference.registry, reference.repository])
	}
}

invalid := [
	"", " ", "nginx ", " nginx", "nginx\n", ":v1", "/nginx", "nginx/", "a//b", "https://gcr.io/foo", "Nginx", "library/Nginx",
	"gcr.io/Foo", "gcr.io/foo:", "gcr.io/foo:.x", "gcr.io/foo:v1:v2", "gcr.io/foo@", "gcr.io/foo@sha256:", "gcr.io/foo@latest",
	"gcr.io/-foo", "gcr.io/foo-", "gcr.io/foo..bar", "gcr.io/foo___bar", "-gcr.io/foo", "gcr..io/foo", "gcr.io:/foo", "gcr.io:x/foo",
	sprintf("gcr.io/foo@%s@%s", [sha256, sha256]),
	sprintf("gcr.io/foo@%s", [upper(sha256)]),
	sprintf("gcr.io/foo@sha256:%s", [upper(trim_prefix(sha256, "sha256:"))]),
	sprintf("gcr.io/foo@%s0", [sha256]),
	sprintf("gcr.io/foo@%s", [substring(sha256, 0, 70)]),
	sprintf("gcr.io/foo@sha512:%s", [trim_prefix(sha256, "sha256:")]),
	"gcr.io/foo@md5:0123456789abcdef0123456789abcdef",
	trim_prefix(sha256, "sha256:"),
	sprintf("gcr.io/foo:%s", [concat("", ["a" | some _ in numbers.range(1, 129)])]),
	sprintf("gcr.io/%s", [concat("", ["a" | some _ in numbers.range(1, 256)])]),
	null, 1, true, ["nginx"], {"name": "nginx"},
]

test_invalid if {
	every text in invalid {
		not images.parse(text)
	}
}

# Place, reference, whether the one lies in the other.
places := [
	["gcr.io", "gcr.io/foo", true],
	["gcr.io/foo", "gcr.io/foo", true],
	["gcr.io/foo", "gcr.io/foo:v1", true],
	["gcr.io/foo", "gcr.io/foo/bar", true],
	["gcr.io/foo", "gcr.io/foobar", false],
	["gcr.io/foo", "gcr.io/foo-bar", false],
	["gcr.io", "gcr.io.example.com/foo", false],
	["gcr.io", "gcr.io:5000/foo", false],
	["gcr.io:5000", "gcr.io:5000/foo", true],
	["gcr.io:5000", "gcr.io/foo", false],
	["gcr.io:50", "gcr.io:5000/foo", false],
	["gcr.io", "eu.gcr.io/foo", false],
	["gcr.io", "evil.example.com/gcr.io/foo", false],
	["gcr.io", "gcr.io@evil.example.com/foo", false],
	["docker.io", "nginx", true],
	["docker.io/library", "nginx", true],
	["docker.io/library", "example/nginx", false],
	["docker.io/gcr.io", "gcr.io/foo", false],
	["gcr.io/FOO", "gcr.io/foo", false],
]

test_within if {
	every case in places {
		[place, text, expected] := case
		{text | images.within(images.parse(text), place)} == {text} == expected
	}
}

test_placeholder if {
	every text in ["${trialParameters.image}", "{{inputs.parameters.image}}", "gcr.io/x:$TAG", "$(IMAGE)", "gcr.io/${X}/y"] {
		images.placeholder(text)
	}
	every text in ["nginx", "gcr.io/x:v1", "a$", "{x}", "$1"] {
		not images.placeholder(text)
	}
}
