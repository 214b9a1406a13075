package pod

import "reflect"

// Over returns the settings of one of a resource's components, given those of all.
// What the component sets wins; maps, such as env and node_selector, are merged.
func (s Settings) Over(all Settings) Settings {
	out := all
	to, from := reflect.ValueOf(&out).Elem(), reflect.ValueOf(s)
	for i := range from.NumField() {
		field := from.Field(i)
		if field.IsNil() {
			continue
		}
		base := to.Field(i)
		if field.Kind() != reflect.Map || base.IsNil() {
			base.Set(field)
			continue
		}
		merged := reflect.MakeMapWithSize(field.Type(), base.Len()+field.Len())
		for _, source := range []reflect.Value{base, field} {
			for entries := source.MapRange(); entries.Next(); {
				merged.SetMapIndex(entries.Key(), entries.Value())
			}
		}
		base.Set(merged)
	}
	return out
}

// Placement are the settings of all of a resource's pods that make sense for a
// database too: where pods run and whence their images come, but not as whom, with
// which volumes or with which variables.
func (s Settings) Placement() Settings {
	return Settings{
		NodeSelector: s.NodeSelector, Tolerations: s.Tolerations, PriorityClass: s.PriorityClass, ImagePullSecrets: s.ImagePullSecrets,
		PodLabels: s.PodLabels, PodAnnotations: s.PodAnnotations,
	}
}
