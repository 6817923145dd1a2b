package io.timestore.flink.sink;

import static org.awaitility.Awaitility.await;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint;
import org.apache.flink.runtime.taskexecutor.TaskManagerRunner;
import org.apache.flink.runtime.util.config.memory.ProcessMemoryUtils;
import org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer;

/**
 * A session cluster of real processes, as Flink's scripts start them: ZooKeeper, if another
 * JobManager is to go on with the jobs of one that died, a JobManager, and TaskManagers with one
 * slot each and memory as configured.
 */
final class ProcessCluster implements Closeable {
  private static final Duration START_MAX = Duration.ofSeconds(90);
  private static final Pattern SLOTS = Pattern.compile("\"slots-total\":(\\d+)");

  private final Path directory;
  private final Configuration configuration = new Configuration();
  private final int zooKeeperPort = freePort();
  private final int restPort = freePort();
  private final List<FlinkProcess> processes = new ArrayList<>();
  private int started;

  /**
   * A cluster of which nothing runs yet.
   *
   * @param directory for its configuration, its logs and its files
   * @param taskManagerMemory of each TaskManager's process
   */
  ProcessCluster(Path directory, MemorySize taskManagerMemory) throws IOException {
    this.directory = directory;
    set("jobmanager.rpc.address", "localhost");
    set("jobmanager.rpc.port", freePort());
    set("rest.address", "localhost");
    set("rest.port", restPort);
    set("taskmanager.host", "localhost");
    set("taskmanager.numberOfTaskSlots", 1);
    set("io.tmp.dirs", directory.resolve("tmp"));
    set("execution.checkpointing.dir", directory.resolve("checkpoints").toUri());
    configuration.set(TaskManagerOptions.TOTAL_PROCESS_MEMORY, taskManagerMemory);
  }

  /** Sets an option of all processes that are started from now on. */
  ProcessCluster set(String option, Object value) {
    configuration.setString(option, value.toString());
    return this;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** To be started first, if JobManagers are to go on with the jobs of others. */
  FlinkProcess startZooKeeper() throws IOException {
    set("high-availability.type", "zookeeper");
    set("high-availability.zookeeper.quorum", "localhost:" + zooKeeperPort);
    set("high-availability.zookeeper.client.session-timeout", "2 s");
    set("high-availability.zookeeper.client.connection-timeout", "2 s");
    set("high-availability.storageDir", directory.resolve("ha").toUri());
    Path file = directory.resolve("zoo.cfg");
    Files.writeString(
        file,
        "clientPort="
            + zooKeeperPort
            + "\nadmin.enableServer=false\ntickTime=500\ndataDir="
            + directory.resolve("zookeeper")
            + "\n");
    FlinkProcess zooKeeper =
        start(
            FlinkZooKeeperQuorumPeer.class,
            List.of("-Xmx64m"),
            List.of("--zkConfigFile", file.toString(), "--peerId", "1"));
    await().atMost(START_MAX).until(() -> isListening(zooKeeperPort));
    return zooKeeper;
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Starts a JobManager; the caller awaits what it needs of it. */
  FlinkProcess startJobManager() throws IOException {
    return start(
        StandaloneSessionClusterEntrypoint.class,
        List.of("-Xmx256m"),
        List.of("--configDir", writeConfiguration(), "--executionMode", "cluster"));
  }

  /** Starts a TaskManager with the memory that Flink's scripts give it. */
  FlinkProcess startTaskManager() throws IOException {
    TaskExecutorProcessSpec memory = TaskExecutorProcessUtils.processSpecFromConfig(configuration);
    List<String> arguments = new ArrayList<>(List.of("--configDir", writeConfiguration()));
    arguments.addAll(
        List.of(TaskExecutorProcessUtils.generateDynamicConfigsStr(memory).trim().split("\\s+")));
    List<String> jvmOptions = new ArrayList<>();
    // As Flink's own configuration does, which words errors of memory by reflection.
    jvmOptions.add("--add-opens=java.base/java.lang=ALL-UNNAMED");
    jvmOptions.addAll(
        List.of(ProcessMemoryUtils.generateJvmParametersStr(memory).trim().split(" +")));
    return start(TaskManagerRunner.class, jvmOptions, arguments);
  }

  private FlinkProcess start(Class<?> main, List<String> jvmOptions, List<String> arguments)
      throws IOException {
    started++;
    Path log = directory.resolve(main.getSimpleName() + "-" + started + ".log");
    FlinkProcess process = FlinkProcess.start(main, jvmOptions, arguments, log);
    processes.add(process);
    return process;
  }

  private String writeConfiguration() throws IOException {
    Path conf = Files.createDirectories(directory.resolve("conf-" + started));
    StringBuilder yaml = new StringBuilder();
    configuration
        .toMap()
        .forEach((key, value) -> yaml.append(key).append(": \"").append(value).append("\"\n"));
    Files.writeString(conf.resolve("config.yaml"), yaml);
    return conf.toString();
  }

  /** Waits until the JobManager leads, and knows of that many slots. */
  void awaitSlots(int count) {
    HttpClient http = HttpClient.newHttpClient();
    HttpRequest overview =
        HttpRequest.newBuilder(URI.create("http://localhost:" + restPort + "/overview"))
            .timeout(Duration.ofSeconds(5))
            .build();
    await("slots, see " + directory)
        .atMost(START_MAX)
        .ignoreExceptions()
        .until(
            () -> {
              Matcher slots = SLOTS.matcher(http.send(overview, BodyHandlers.ofString()).body());
              return slots.find() && Integer.parseInt(slots.group(1)) >= count;
            });
  }

  /** What a client needs to submit jobs. */
  Configuration client() {
    Configuration client = new Configuration();
    client.set(DeploymentOptions.TARGET, "remote");
    client.set(JobManagerOptions.ADDRESS, "localhost");
    client.set(RestOptions.ADDRESS, "localhost");
    client.set(RestOptions.PORT, restPort);
    return client;
  }

  @Override
  public void close() throws IOException {
    processes.forEach(FlinkProcess::close);
  }
}
