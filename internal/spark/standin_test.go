package spark

import (
	"reflect"
	"testing"
)

// Values that are not known yet are rendered as stand-ins, which need not be valid
// together: that gives diagnostics at most.
func TestStandIns(t *testing.T) {
	for n := range 2 {
		m := &Model{}
		fill(reflect.ValueOf(m).Elem(), n)
		render(m, environment())
		m.MainFile, m.MainClass, m.Schedule, m.IvyCache, m.Scratch, m.DynamicAllocation = nil, nil, nil, nil, nil, nil
		render(m, environment())
		c, h := &Connect{}, &History{}
		fill(reflect.ValueOf(c).Elem(), n)
		renderConnect(c, environment())
		fill(reflect.ValueOf(h).Elem(), n)
		renderHistory(h, environment())
	}
}

// fill gives every value below v its stand-in number n: collections hold n
// elements.
func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"standin-a", "standin-b"}[n])
	case reflect.Int64:
		v.SetInt(int64(n + 1))
	case reflect.Float64:
		v.SetFloat(float64(n + 1))
	case reflect.Bool:
		v.SetBool(n == 1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(element, n)
			v.SetMapIndex(key, element)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic(v.Kind())
	}
}
