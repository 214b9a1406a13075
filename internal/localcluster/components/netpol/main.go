// Command netpol enforces NetworkPolicies on the pods of one node: it writes
// one nftables table and replaces it as a whole whenever a pod, a namespace or
// a policy changes.
//
// It sees the traffic between two pods on the same bridge because of the sysctl
// net.bridge.bridge-nf-call-iptables=1. Destinations are checked after
// kube-proxy has turned Service addresses into pod addresses. Traffic from the
// node itself (the kubelet's probes) is never filtered. IPv4 only.
package main

import (
	"context"
	"flag"
	"log"
	"os/exec"
	"strings"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	client, err := kubernetes.NewForConfig(config)
	check(err)

	changed := make(chan struct{}, 1)
	signal := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { signal() },
		UpdateFunc: func(any, any) { signal() },
		DeleteFunc: func(any) { signal() },
	}
	f := informers.NewSharedInformerFactory(client, 0)
	w := world{
		pods:       f.Core().V1().Pods().Lister(),
		namespaces: f.Core().V1().Namespaces().Lister(),
		policies:   f.Networking().V1().NetworkPolicies().Lister(),
	}
	for _, i := range []cache.SharedIndexInformer{
		f.Core().V1().Pods().Informer(), f.Core().V1().Namespaces().Informer(), f.Networking().V1().NetworkPolicies().Informer(),
	} {
		_, err := i.AddEventHandler(handler)
		check(err)
	}
	ctx := context.Background()
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())

	last := ""
	for range changed {
		rules := w.rules()
		if rules != last {
			cmd := exec.Command("nft", "-f", "-")
			cmd.Stdin = strings.NewReader(rules)
			if out, err := cmd.CombinedOutput(); err != nil {
				log.Printf("nft: %v: %s\n%s", err, out, rules)
				time.AfterFunc(time.Second, signal)
				continue
			}
			last = rules
		}
		time.Sleep(50 * time.Millisecond) // gather what comes together
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
