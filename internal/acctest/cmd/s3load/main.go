// Command s3load writes objects to a bucket and reads them back, one after the
// other, until the file named by -stop exists. Then it prints what came of it as
// JSON. Tests run it in a pod, as a client of the storage would.
//
// The credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// result is what came of the requests. An operation failed when the client, with
// its usual retries, gave up.
type result struct {
	Writes, Reads int
	Failures      []string
	// Slow are the operations that took longer than -slow.
	Slow []string
	// Longest is the longest operation, in seconds.
	Longest float64
}

// most is how many failures and slow operations are told of.
const most = 20

func main() {
	log.SetFlags(0)
	endpoint := flag.String("endpoint", "", "host and port of the storage")
	bucket := flag.String("bucket", "", "bucket to use")
	stop := flag.String("stop", "/tmp/stop", "file whose existence ends the load")
	limit := flag.Duration("limit", 10*time.Minute, "longest time to run")
	// An attempt of the client gives up after a minute without an answer, and is
	// made again; so do the AWS SDKs.
	timeout := flag.Duration("timeout", 5*time.Minute, "longest time of one operation with all its attempts")
	slow := flag.Duration("slow", 5*time.Second, "shortest time of an operation to tell of")
	flag.Parse()
	client, err := minio.New(*endpoint, &minio.Options{Creds: credentials.NewEnvAWS(), BucketLookup: minio.BucketLookupPath})
	if err != nil {
		log.Fatal(err)
	}
	var r result
	for end := time.Now().Add(*limit); time.Now().Before(end); {
		if _, err := os.Stat(*stop); err == nil {
			break
		}
		began := time.Now()
		if err := roundTrip(client, *bucket, r.Writes, *timeout, &r); err != nil && len(r.Failures) < most {
			r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", began.UTC().Format(time.TimeOnly), err))
		}
		took := time.Since(began)
		if took > *slow && len(r.Slow) < most {
			r.Slow = append(r.Slow, fmt.Sprintf("%s: %.1f s", began.UTC().Format(time.TimeOnly), took.Seconds()))
		}
		r.Longest = max(r.Longest, took.Seconds())
		time.Sleep(20 * time.Millisecond)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

// roundTrip writes an object and reads it back.
func roundTrip(client *minio.Client, bucket string, n int, timeout time.Duration, r *result) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	key := fmt.Sprintf("load/%03d", n%100)
	content := bytes.Repeat([]byte(fmt.Sprintf("%08d", n)), 4096)
	r.Writes++
	if _, err := client.PutObject(ctx, bucket, key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	r.Reads++
	object, err := client.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer object.Close() //nolint:errcheck // it was read
	got, err := io.ReadAll(object)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(got, content) {
		return fmt.Errorf("read: %d bytes that differ from the %d written", len(got), len(content))
	}
	return nil
}
