package main

import "testing"

func TestMirrorOf(t *testing.T) {
	for list, want := range map[string]string{
		"http://mirror.example.com/debian-security/\nhttp://mirror.example.com/debian/\n": "http://mirror.example.com",
		"https://apt.example.com\nhttps://mirror.example.com/linux/debian\n":              "https://mirror.example.com/linux",
		"http://archive.example.com/ubuntu/\n":                                            "",
		"":                                                                                "",
	} {
		got, err := mirrorOf(list)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", list, got, err)
		}
	}
}
