package kube

import (
	"context"
	"time"
)

// Prognosis looks, while something is waited for, for what cannot become ready by itself.
type Prognosis struct {
	cluster  *Cluster
	progress func(line string)
	// since has when each state that may heal was seen first.
	since map[string]time.Time
	told  string
}

// Prognosis returns one that has seen nothing yet. progress gets a line whenever the reason changes why something is not ready; it may
// be nil.
func (c *Cluster) Prognosis(progress func(line string)) *Prognosis {
	return &Prognosis{cluster: c, progress: progress, since: map[string]time.Time{}}
}

// Check returns a *NotReadyError when one of the objects is not ready and cannot become so. What cannot be looked at now is not judged.
func (p *Prognosis) Check(ctx context.Context, objects ...Ref) error {
	seen := map[string]bool{}
	for _, ref := range objects {
		live, err := p.cluster.Get(ctx, ref)
		if err != nil || live == nil {
			continue
		}
		if ready, _, err := readiness(live); ready || err != nil {
			continue
		}
		findings, err := p.cluster.findings(ctx, live)
		if err != nil {
			continue
		}
		for _, f := range findings {
			key := ref.String() + "/" + f.key
			seen[key] = true
			if f.fatal || f.patience > 0 && p.lasts(key) > f.patience {
				return &NotReadyError{p.cluster.describe(ctx, live, findings)}
			}
		}
		if len(findings) > 0 {
			p.tell(ref, findings[0])
		}
	}
	for key := range p.since {
		if !seen[key] {
			// It has healed; should it come back, it has time again.
			delete(p.since, key)
		}
	}
	return nil
}

// lasts is how long a state has been there.
func (p *Prognosis) lasts(key string) time.Duration {
	first, seen := p.since[key]
	if !seen {
		p.since[key] = time.Now()
		return 0
	}
	return time.Since(first)
}

func (p *Prognosis) tell(ref Ref, f finding) {
	line := ref.String() + ": " + f.reason
	if f.pod != nil {
		line = "Pod " + f.pod.Namespace + "/" + f.pod.Name + ": " + f.reason
	}
	if line == p.told || p.progress == nil {
		return
	}
	p.told = line
	p.progress(line)
}
