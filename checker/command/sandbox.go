package command

import "pidone/checker/once"

// sandbox runs any program of the machine in a sandbox.
func (a *app) sandbox(args []string) int {
	status, err := once.Run(args, a.out, a.err)
	if err != nil {
		return a.fail(err)
	}
	return status
}
