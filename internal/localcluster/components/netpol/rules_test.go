package main

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	corelisters "k8s.io/client-go/listers/core/v1"
	netlisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

var update = flag.Bool("update", false, "write the golden files")

func TestRulesOfEveryKind(t *testing.T) {
	got := load(t, "testdata/world.yaml").rules()
	golden(t, "testdata/world.nft", got)
	accepted(t, got)
}

func TestRulesOfAnEmptyCluster(t *testing.T) {
	got := load(t).rules()
	golden(t, "testdata/empty.nft", got)
	accepted(t, got)
}

func TestRulesDoNotDependOnOrder(t *testing.T) {
	want := load(t, "testdata/world.yaml").rules()
	for range 20 { // listers walk over maps
		if got := load(t, "testdata/world.yaml").rules(); got != want {
			t.Fatalf("the same objects gave other rules:\n%s", got)
		}
	}
}

// accepted lets the kernel take the rules, in a network namespace of its own.
func accepted(t *testing.T, rules string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("nft is not on PATH: the kernel is not asked")
	}
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules + rules) // the second replaces the first
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("nft refuses the rules: %v\n%s", err, out)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("other rules than in %s (-update writes them):\n%s", file, got)
	}
}

// load fills listers with the objects of files.
func load(t *testing.T, files ...string) world {
	t.Helper()
	byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	pods := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	namespaces := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	policies := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(data), "\n---\n") {
			object, err := runtime.Decode(scheme.Codecs.UniversalDeserializer(), []byte(document))
			if err != nil {
				t.Fatalf("%v in:\n%s", err, document)
			}
			switch object.(type) {
			case *corev1.Pod:
				err = pods.Add(object)
			case *corev1.Namespace:
				err = namespaces.Add(object)
			case *netv1.NetworkPolicy:
				err = policies.Add(object)
			default:
				t.Fatalf("%T is of no use here", object)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return world{
		pods:       corelisters.NewPodLister(pods),
		namespaces: corelisters.NewNamespaceLister(namespaces),
		policies:   netlisters.NewNetworkPolicyLister(policies),
	}
}
