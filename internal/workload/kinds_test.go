package workload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKinds applies what others refer to before them, and removes it after them, whatever
// fails on the way.
func TestKinds(t *testing.T) {
	type leaves = map[string]string
	var done []string
	live := map[string]leaves{"A/1": {"x": "1"}, "B/a/b": {"x": "2"}}
	kind := func(name string) Kind {
		return Kind{
			Name: name,
			Observe: func(_ context.Context, n string) (leaves, error) {
				if n == "broken" {
					return nil, errors.New("it is broken")
				}
				return live[Key(name, n)], nil
			},
			Apply: func(_ context.Context, n string, desired leaves) error {
				done = append(done, "apply "+Key(name, n)+" "+desired["x"])
				if n == "broken" {
					return errors.New("it is broken")
				}
				return nil
			},
			Remove: func(_ context.Context, n string, prior leaves) error {
				done = append(done, "remove "+Key(name, n)+" "+prior["x"])
				if n == "full" {
					return errors.New("it is full: empty it")
				}
				return nil
			},
		}
	}
	kinds := Kinds{kind("A"), kind("B")}

	got, err := kinds.Observe(t.Context(), []string{"A/1", "A/2", "B/a/b", "C/1"})
	if diff := cmp.Diff(live, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if _, err := kinds.Observe(t.Context(), []string{"A/1", "B/broken"}); err == nil || err.Error() != "B/broken cannot be read: it is broken" {
		t.Errorf("what cannot be read ends with %v", err)
	}

	diags := kinds.Apply(t.Context(), map[string]leaves{"A/1": {"x": "1"}, "A/full": {"x": "2"}, "B/a/b": {"x": "3"}, "B/z": {}},
		map[string]leaves{"B/z": {"x": "4"}, "B/broken": {"x": "5"}, "A/1": {"x": "6"}})
	want := []string{"apply A/1 6", "apply B/broken 5", "apply B/z 4", "remove B/a/b 3", "remove A/full 2"}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("the order is (-want +got):\n%s", diff)
	}
	var said []string
	for _, d := range diags {
		said = append(said, d.Summary()+": "+d.Detail())
	}
	if want := []string{"B/broken cannot be applied: it is broken.", "A/full cannot be removed: it is full: empty it."}; !slices.Equal(said, want) {
		t.Errorf("it says\n%s", strings.Join(said, "\n"))
	}
}
