"""Templates as Go's `text/template` has them (pkg.go.dev/text/template), for `strings.render_template`."""
