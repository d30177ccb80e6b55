package dev.pintle.spark;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.DeployMessages;
import org.apache.spark.deploy.master.WorkerInfo;
import org.apache.spark.rpc.RpcAddress;
import org.apache.spark.rpc.RpcTimeout;
import scala.concurrent.duration.FiniteDuration;
import scala.reflect.ClassTag;

/** What Spark's own cluster manager says of itself. */
final class StandaloneMaster {
    private static final Pattern ADDRESS = Pattern.compile("spark://([^:,/]+):(\\d{1,5})");
    private static final String ENDPOINT = "Master";
    private static final long PATIENCE_SECONDS = 3;

    private StandaloneMaster() {}

    /** Its workers with their cores and memory, in words; that it is not known, of another cluster manager. */
    static String words(String master) {
        Matcher address = ADDRESS.matcher(master);
        if (!address.matches()) {
            return "not known here; the cluster manager's own pages say";
        }
        try {
            ClassTag<DeployMessages.MasterStateResponse> answer =
                    ClassTag.apply(DeployMessages.MasterStateResponse.class);
            RpcTimeout patience =
                    new RpcTimeout(new FiniteDuration(PATIENCE_SECONDS, TimeUnit.SECONDS), "spark.rpc.askTimeout");
            return words(SparkEnv.get()
                    .rpcEnv()
                    .setupEndpointRef(new RpcAddress(address.group(1), Integer.parseInt(address.group(2))), ENDPOINT)
                    .askSync(DeployMessages.RequestMasterState$.MODULE$, patience, answer));
        } catch (Exception e) { // Scala's methods throw checked exceptions that they do not declare
            return "not known, since it does not answer";
        }
    }

    private static String words(DeployMessages.MasterStateResponse state) {
        int alive = 0;
        int cores = 0;
        int free = 0;
        long memory = 0;
        long memoryFree = 0;
        long mostMemory = 0;
        int mostCores = 0;
        for (WorkerInfo worker : state.workers()) {
            if (worker.state().toString().equals("ALIVE")) {
                alive++;
                cores += worker.cores();
                free += worker.coresFree();
                memory += worker.memory();
                memoryFree += worker.memoryFree();
                mostMemory = Math.max(mostMemory, worker.memoryFree());
                mostCores = Math.max(mostCores, worker.coresFree());
            }
        }
        if (alive == 0) {
            return "no worker";
        }
        return String.format(
                Locale.ROOT,
                "%,d %s: %,d of %,d cores and %dm of %dm are free, on one worker at most %,d %s and %dm",
                alive,
                alive == 1 ? "worker" : "workers",
                free,
                cores,
                memoryFree,
                memory,
                mostCores,
                mostCores == 1 ? "core" : "cores",
                mostMemory);
    }
}
