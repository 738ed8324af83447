package webpage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
)

// What the page is made of.
var (
	//go:embed page.html
	pageHTML string
	//go:embed section.html
	sectionHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

func parse() (*template.Template, error) {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return nil, err
	}
	return t.Parse(sectionHTML)
}

// policy is the page's Content-Security-Policy: its own script and style, and
// nothing else from anywhere.
func policy() string {
	return "default-src 'none'; script-src '" + hash(pageJS) + "'; style-src '" + hash(pageCSS) +
		"'; base-uri 'none'; form-action 'none'"
}

// hash names a source as a Content-Security-Policy does.
func hash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
