#!/bin/sh
# A cluster of Spark's own Master and two Workers on this machine's loopback interface, from the jars that `pintle spark`
# fetched: bench/spark_cluster.sh FOLDER PORT starts it, and it ends with this script. Worker i's process id is in FOLDER/worker-i.
set -eu
folder=$1
port=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
mkdir -p "$folder/jars"
for jar in "$here"/spark/target/lib/*.jar "$here"/app/target/pintle/lib/slf4j-*.jar; do ln -sf "$jar" "$folder/jars/"; done
SPARK_HOME=$folder SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP=127.0.0.1
JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}
export SPARK_HOME SPARK_SCALA_VERSION SPARK_LOCAL_IP JAVA_HOME
spark() {
    exec "$JAVA_HOME/bin/java" -Xmx256m "@$here/spark/target/lib/options" -cp "$folder/jars/*" "$@"
}
spark org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0 >"$folder/master.log" 2>&1 &
master=$!
trap 'kill $(cat "$folder"/worker-*) $master 2>/dev/null || true' EXIT
trap 'exit 143' INT TERM
sleep 4
for i in 1 2; do
    spark org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 -c 1 -m 1g -d "$folder/work-$i" \
        "spark://127.0.0.1:$port" >"$folder/worker-$i.log" 2>&1 &
    echo $! >"$folder/worker-$i"
done
wait $master
