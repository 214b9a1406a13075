package acctest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccVolumes grows volumes under running pods, refuses at plan what cannot be,
// and gets out of what has failed.
func TestAccVolumes(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	atOnce(t, map[string]func(*testing.T){
		"growth": func(t *testing.T) { growVolumes(t, c) },
		"growth that fails": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			size := func(size string) { s.fixture(fmt.Sprintf("storage = { size = %q }", size)) }
			size("300Mi")
			s.Apply().Succeeds()
			pods := s.uids("store")
			// More than the driver of the volumes can give.
			size("4Ei")
			s.Apply().Fails().Says("data-it-store-0 does not grow", "It has 300Mi and asks for 4Ei", "OutOfRange", "Last events:", "VolumeResizeFailed", "above 300Mi")
			size("200Mi")
			s.Plan().Fails().Says("A volume cannot shrink")
			size("400Mi")
			s.Apply().Succeeds().Says("volumes of StatefulSet/store that could not grow to 4Ei grow to 400Mi")
			s.hasSizes(map[string]string{"data-it-store-0": "400Mi"})
			s.PlansNothing()
			if !slices.Equal(pods, s.uids("store")) {
				t.Error("a pod was replaced")
			}
		},
		"a StorageClass that does not allow it": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			class := c.fixedSizeClass(t)
			size := func(size string) {
				s.fixture(fmt.Sprintf("storage = { size = %q, storage_class = %q }", size, class))
			}
			size("300Mi")
			s.Apply().Succeeds()
			size("400Mi")
			s.Plan().Fails().Says("StatefulSet/store: The volume's StorageClass does not let it grow", "allowVolumeExpansion: true")
			s.connection += "\nplan_checks = \"off\""
			size("400Mi")
			s.Apply().Fails().Says("StatefulSet/store: The volume's StorageClass does not let it grow")
			size("300Mi")
			s.Apply().Succeeds()
			s.PlansNothing()
			s.hasSizes(map[string]string{"data-it-store-0": "300Mi"})
		},
		"a claim without a volume": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			const wait = "wait = { on_failure = \"warn\" }\n"
			s.fixture(wait + `storage = { size = "300Mi", storage_class = "absent" }`)
			s.Apply().Succeeds().Says("Warning: StatefulSet", "is not provided")
			s.fixture(wait + `storage = { size = "300Mi" }`)
			s.Apply().Succeeds().SaysNot("Warning: StatefulSet")
			s.hasSizes(map[string]string{"data-it-store-0": "300Mi"})
		},
	})
}

// shared are attributes with a volume for each pod of the StatefulSet, and one that
// all pods share.
func shared(size, rest string) string {
	return fmt.Sprintf("storage = { servers = 2, size = %q }\nvolumes = { shared = { mounts = [{ path = \"/shared\" }], new_claim = {\nsize = %q\n%s\n} } }", size, size, rest)
}

func growVolumes(t *testing.T, c *Cluster) {
	s := standIn(t, c, c.Namespace(t), "it")
	sizes := func(size string) { s.fixture(shared(size, "")) }
	sizes("300Mi")
	s.Apply().Succeeds()
	pods := append(s.uids("store"), s.uids("web")...)
	sizes("400Mi")
	s.Apply().Succeeds().Says("the data volumes of StatefulSet/store grow from 300Mi to 400Mi, without a restart",
		"PersistentVolumeClaim/shared grows from 300Mi to 400Mi, without a restart")
	s.hasSizes(map[string]string{"data-it-store-0": "400Mi", "data-it-store-1": "400Mi", "it-shared": "400Mi"})
	if now := append(s.uids("store"), s.uids("web")...); !slices.Equal(pods, now) {
		t.Error("a pod was replaced")
	}
	s.PlansNothing()

	sizes("350Mi")
	s.Plan().Fails().Says("A volume cannot shrink", `StatefulSet/store, volume "data": its size is 400Mi, and the configuration wants 350Mi`,
		"PersistentVolumeClaim/shared: its size is 400Mi")
	s.fixture(shared("400Mi", "storage_class = \"other\""))
	s.Plan().Fails().Says("PersistentVolumeClaim/shared cannot change like this", "the data of the volume would be lost", "Of a volume only the size can change")

	// Volumes that a destroy leaves grow to what the next resource wants.
	sizes("400Mi")
	s.Destroy().Succeeds()
	sizes("500Mi")
	s.Apply().Succeeds()
	s.hasSizes(map[string]string{"data-it-store-0": "500Mi", "data-it-store-1": "500Mi", "it-shared": "500Mi"})
	s.PlansNothing()
}

// sizes are those that the volume claims have, by name.
func (s *stand) sizes() map[string]string {
	s.t.Helper()
	list, err := s.cluster.CoreV1().PersistentVolumeClaims(s.namespace).List(s.t.Context(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	sizes := map[string]string{}
	for _, pvc := range list.Items {
		sizes[pvc.Name] = pvc.Status.Capacity.Storage().String()
	}
	return sizes
}

// hasSizes fails the test unless the volume claims have these sizes now.
func (s *stand) hasSizes(want map[string]string) {
	s.t.Helper()
	if got := s.sizes(); !maps.Equal(got, want) {
		s.t.Errorf("the volumes have %v, not %v", got, want)
	}
}

// defaultStorageClass is the one that volumes get which name none.
func (c *Cluster) defaultStorageClass(t *testing.T) storagev1.StorageClass {
	t.Helper()
	classes, err := c.StorageV1().StorageClasses().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(classes.Items, func(class storagev1.StorageClass) bool {
		return class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true"
	})
	if i < 0 {
		t.Fatal("the cluster has no default StorageClass")
	}
	return classes.Items[i]
}

// fixedSizeClass makes a StorageClass like the default one whose volumes cannot
// grow.
func (c *Cluster) fixedSizeClass(t *testing.T) string {
	t.Helper()
	class := c.defaultStorageClass(t)
	no := false
	class.ObjectMeta = metav1.ObjectMeta{GenerateName: "acc-", Labels: map[string]string{testLabel: "true"}}
	class.AllowVolumeExpansion = &no
	made, err := c.StorageV1().StorageClasses().Create(t.Context(), &class, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.StorageV1().StorageClasses().Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("the test's StorageClass was not deleted: %v", err)
		}
	})
	return made.Name
}
