package io.timestore.cli;

import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What all commands share: the store that they are about, and how they speak. */
abstract class StoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", index = "0", description = "The store's directory.")
  private Path directory;

  @Option(
      names = "--json",
      description = "Print JSON, for programs; docs/cli.md says what is in it.")
  private boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and end.")
  void setHelp(boolean unused) {
    // picocli shows it, and runs nothing.
  }

  Path directory() {
    return directory;
  }

  boolean isJson() {
    return json;
  }

  Output output() {
    return program().output();
  }

  Terminal terminal() {
    return program().terminal();
  }

  /** The program and its version. */
  String version() {
    return new Timestore.Version().getVersion()[0];
  }

  /** Shows how far long work has come, and ends it on Ctrl-C. */
  Bar bar(String task) {
    return new Bar(task, terminal(), program().interruption());
  }

  private Timestore program() {
    return (Timestore) spec.root().userObject();
  }

  /** The call is at fault: to be thrown. */
  ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** A line for people, beside the result. */
  void tell(String line) {
    spec.commandLine().getErr().println(line);
    spec.commandLine().getErr().flush();
  }

  /** A question for people, who answer in the same line. */
  void ask(String question) {
    spec.commandLine().getErr().print(question);
    spec.commandLine().getErr().flush();
  }

  /** Opens the store to change it; one that has no schema is another program's. */
  Store openToChange() throws IOException {
    Store store = open();
    if (store.schema().isEmpty()) {
      throw misuse(
          directory
              + " has no schema.json: the Rust crate wrote it, and nothing of ours has adopted it");
    }
    return store;
  }

  /** Opens the store; a directory that is none is the call's fault. */
  Store open() throws IOException {
    boolean exists;
    try {
      exists = Store.exists(directory);
    } catch (AccessDeniedException e) {
      throw e;
    } catch (IOException e) {
      throw misuse(String.valueOf(e.getMessage()));
    }
    if (!exists) {
      throw misuse(directory + " is no store: there is no such directory, or it is empty");
    }
    return Store.open(directory);
  }
}
