package workload

// SecretValue says where the value of one key of a Secret comes from.
type SecretValue struct {
	kind    secretKind
	text    string
	version string
	length  int
	keys    []string
	encode  bool
	isNull  bool
	source  SecretSource
}

type secretKind int

const (
	secretPlain secretKind = iota
	secretGenerated
	secretWriteOnly
	secretTemplate
	secretKeyring
	secretCopied
)

// Plain is a value that the configuration holds.
func Plain(value string) SecretValue {
	return SecretValue{kind: secretPlain, text: value}
}

// Generated is a random value of letters and digits that is made once, in the
// cluster, and made anew only when rotate changes.
func Generated(length int, rotate string) SecretValue {
	return SecretValue{kind: secretGenerated, length: length, version: rotate}
}

// WriteOnly is the value of a write-only attribute. It is sent when version
// changes or when the Secret lacks it.
func WriteOnly(value *string, version string) SecretValue {
	if value == nil {
		return SecretValue{kind: secretWriteOnly, version: version, isNull: true}
	}
	return SecretValue{kind: secretWriteOnly, text: *value, version: version}
}

// SecretSource is a Secret that another resource, or somebody else, keeps.
type SecretSource struct {
	Namespace, Name string
}

// Copied is the value of a key of another Secret, in whichever namespace. It is
// copied at apply, when it is not there yet and whenever version changes: the
// outputs of a resource that keeps credentials have a version that does.
func Copied(source SecretSource, key, version string) SecretValue {
	return SecretValue{kind: secretCopied, source: source, keys: []string{key}, version: version}
}

// Template is composed with fmt.Sprintf from other keys of the same Secret, each
// of which is Plain, Generated, WriteOnly or Copied.
func Template(format string, keys ...string) SecretValue {
	return SecretValue{kind: secretTemplate, text: format, keys: keys}
}

// URLTemplate is a Template whose values are percent-encoded, so that they can stand
// anywhere in a URL.
func URLTemplate(format string, keys ...string) SecretValue {
	return SecretValue{kind: secretTemplate, text: format, keys: keys, encode: true}
}

// Keyring is the value of another key of the same Secret, formatted with fmt.Sprintf,
// and behind it, separated by commas, all that it has been before, the newest first.
// What was encrypted before a rotation stays readable, also where a rotation was
// interrupted, or where a backup from long ago is restored.
func Keyring(format, key string) SecretValue {
	return SecretValue{kind: secretKeyring, text: format, keys: []string{key}}
}

const revisionPlaceholder = "\x00revision:"

// SecretRevision stands for the revision of the content of the object with the
// given key. In an annotation of a pod template it makes the pods roll when that
// content changes. The engine puts the number in.
func SecretRevision(key string) string {
	return revisionPlaceholder + key + "\x00"
}

// SecretKeyRevision stands for the revision of one value of the Secret with the given
// key in the plan, for pods that read no other one of it. What is derived from a
// value has no revisions of its own: name the value that it is derived from.
func SecretKeyRevision(object, key string) string {
	return revisionPlaceholder + leafOf(object, dataPath(key)) + "\x00"
}

// leafOf names one leaf of an object.
func leafOf(object, path string) string { return object + " " + path }
