#!/bin/bash
# The contract of Spark's image: "driver ARGUMENTS" submits an application in client mode, "executor" joins the driver that the
# environment names, and anything else runs as it is.
set -eo pipefail

# Hadoop asks for the name of the user, also where the cluster chose a number that has none.
if ! getent passwd "$(id -u)" >/dev/null; then
	names=$(mktemp -d)
	echo "spark:x:$(id -u):$(id -g):Spark:$SPARK_HOME:/bin/false" >"$names/passwd"
	echo "spark:x:$(id -g):" >"$names/group"
	export NSS_WRAPPER_PASSWD=$names/passwd NSS_WRAPPER_GROUP=$names/group LD_PRELOAD=libnss_wrapper.so
fi

# Configuration comes first, then what the user adds, then Spark itself.
classpath=${SPARK_CONF_DIR:-$SPARK_HOME/conf}
for part in "$HADOOP_CONF_DIR" "$SPARK_CLASSPATH" "$SPARK_HOME/jars/*" "$SPARK_EXTRA_CLASSPATH" "$PWD" "$SPARK_DIST_CLASSPATH"; do
	if [ -n "$part" ]; then classpath+=:$part; fi
done

case $1 in
driver)
	shift
	exec tini -s -- "$SPARK_HOME/bin/spark-submit" --deploy-mode client \
		--conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
		--conf "spark.executorEnv.SPARK_DRIVER_POD_IP=$SPARK_DRIVER_BIND_ADDRESS" \
		"$@"
	;;
executor)
	options=()
	for option in "${!SPARK_JAVA_OPT_@}"; do options+=("${!option}"); done
	exec tini -s -- "$JAVA_HOME/bin/java" "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" -cp "$classpath" \
		org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
		--driver-url "$SPARK_DRIVER_URL" --app-id "$SPARK_APPLICATION_ID" \
		--executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
		--hostname "$SPARK_EXECUTOR_POD_IP" --podName "$SPARK_EXECUTOR_POD_NAME"
	;;
*)
	exec "$@"
	;;
esac
