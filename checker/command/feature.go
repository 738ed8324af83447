package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"pidone/checker/course"
	"pidone/checker/network"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
)

// needs lists the features that the scenarios of an exercise ask for.
func needs(root string, e *course.Exercise) ([]string, error) {
	var all []string
	for _, step := range e.Steps {
		names, err := scenario.Needs(filepath.Join(root, step.Scenario))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// lacks says why a feature is missing where runs take place, "" if it is there.
func (s *session) lacks(ctx context.Context) func(string) (string, error) {
	return func(name string) (string, error) {
		f, err := s.feature(ctx, name)
		switch {
		case err != nil:
			return "", err
		case f.Answer == sandbox.Yes:
			return "", nil
		case f.Answer == sandbox.CouldNotTell:
			return "", errors.New(f.Why)
		case f.Remedy != "":
			return fmt.Sprintf("%s; try: %s", f.Why, f.Remedy), nil
		}
		return f.Why, nil
	}
}

func (s *session) feature(ctx context.Context, name string) (f sandbox.Feature, err error) {
	if s.guest == nil {
		switch name {
		case network.Veth:
			return network.ProbeVeth(), nil
		case network.NAT:
			return network.ProbeNAT(), nil
		}
		return sandbox.ProbeFeature(ctx, name), nil
	}
	err = s.guest.ask(func(b *boot) error {
		all, err := b.client.Probe(ctx)
		if i := slices.IndexFunc(all, func(f sandbox.Feature) bool { return f.Name == name }); err == nil && i >= 0 {
			f = all[i]
		} else if err == nil {
			f = sandbox.Feature{Name: name, Answer: sandbox.CouldNotTell, Why: "the VM does not tell"}
		}
		return err
	})
	return f, err
}

// equip gives a run's host the features that a scenario asks for. The machine
// has them. For an internet, see package internet.
func equip(cmd *sandbox.Command, features []string) {
	cmd.Groups = slices.Contains(features, sandbox.CgroupV2)
}
