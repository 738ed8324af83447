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
	return whyNot(func(name string) (f sandbox.Feature, err error) {
		if s.guest == nil {
			return here(ctx, name), nil
		}
		err = s.guest.ask(func(b *boot) error {
			all, err := b.features()
			f = named(all, name)
			return err
		})
		return f, err
	})
}

// here tells whether this machine has a feature.
func here(ctx context.Context, name string) sandbox.Feature {
	switch name {
	case network.Veth:
		return network.ProbeVeth()
	case network.NAT:
		return network.ProbeNAT()
	}
	return sandbox.ProbeFeature(ctx, name)
}

// named is the feature of that name.
func named(all []sandbox.Feature, name string) sandbox.Feature {
	if i := slices.IndexFunc(all, func(f sandbox.Feature) bool { return f.Name == name }); i >= 0 {
		return all[i]
	}
	return sandbox.Feature{Name: name, Answer: sandbox.CouldNotTell, Why: "the VM does not tell"}
}

// whyNot returns what says why a feature is missing, "" if it is there.
func whyNot(probe func(name string) (sandbox.Feature, error)) func(string) (string, error) {
	return func(name string) (string, error) {
		f, err := probe(name)
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

// equip gives a run's host the features that a scenario asks for. The machine
// has them. For an internet, see package internet.
func equip(cmd *sandbox.Command, features []string) {
	cmd.Groups = slices.Contains(features, sandbox.CgroupV2)
}
