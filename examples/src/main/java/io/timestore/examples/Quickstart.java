package io.timestore.examples;

/** A placeholder: prints the directory that it is given. */
public final class Quickstart {
  private Quickstart() {}

  public static void main(String[] args) {
    System.out.println("timestore quickstart in " + args[0]);
  }
}
