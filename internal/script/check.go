package script

import (
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// check refuses what contradicts itself and what no validator sees.
func (r *renderer) check() {
	modes := 0
	for _, set := range []bool{r.Once != nil, r.Schedule != nil, r.Continuous != nil} {
		if set {
			modes++
		}
	}
	if modes != 1 {
		r.diags.AddAttributeError(path.Root("once"), "A program needs exactly one mode", "Set one of once, schedule and continuous.")
	}
	if r.Code == nil && len(r.Command) == 0 && r.Image == nil {
		r.diags.AddAttributeError(path.Root("script"), "There is nothing to run", "Set script, command, or an image that has a program of its own.")
	}
	c := r.Continuous
	r.spread = c.several()
	if c == nil {
		return
	}
	at := path.Root("continuous")
	for name, probe := range map[string]*Probe{"readiness": c.Readiness, "liveness": c.Liveness} {
		switch {
		case probe == nil:
		case probe.Path != nil && len(probe.Command) > 0:
			r.diags.AddAttributeError(at.AtName(name), "A probe asks in one way", "Set path or command, not both.")
		case len(probe.Command) == 0 && c.Port == nil:
			r.diags.AddAttributeError(at.AtName(name), "A probe needs something to ask", "Set continuous.port, or the probe's command.")
		}
	}
}
