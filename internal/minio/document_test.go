package minio

import "testing"

// MinIO returns documents in another form than they were sent in.
func TestCanonicalDocuments(t *testing.T) {
	same := []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::a/*"]}]}`,
		`{"Statement":[{"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"],"Action":["s3:GetObject"],"Effect":"Allow","Principal":{}}],"Version":"2012-10-17"}`,
	}
	a, err := canonical(same[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := canonical(same[1])
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("two forms of one document differ:\n%s\n%s", a, b)
	}
	for _, bad := range []string{"", "[]", `{"Version":"2012-10-17"}`, `{"Statement":{}}`, `{"Statement":["x"]}`} {
		if got, err := canonical(bad); err == nil {
			t.Errorf("%q was accepted as %s", bad, got)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	f.Add(`{"Statement":[{"Action":[1,null,{"a":[]}]}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		once, err := canonical(document)
		if err != nil {
			return
		}
		twice, err := canonical(once)
		if err != nil || once != twice {
			t.Errorf("not stable: %q, then %q (%v)", once, twice, err)
		}
	})
}
