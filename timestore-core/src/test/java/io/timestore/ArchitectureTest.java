package io.timestore;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;

/** The rooms of the house and the arrows between them: see {@code docs/design.md}. */
@AnalyzeClasses(packages = "io.timestore", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  /** What of java.io has to do with bytes and errors only. */
  private static final DescribedPredicate<JavaClass> IO_IN_MEMORY =
      belongToAnyOf(
          ByteArrayOutputStream.class,
          DataOutputStream.class,
          OutputStream.class,
          IOException.class,
          UncheckedIOException.class,
          Serializable.class);

  private static final DescribedPredicate<JavaClass> CHANNELS =
      resideInAnyPackage("java.nio.channels..", "com.sun.nio.file..");

  @ArchTest
  static final ArchRule arrowsRunFromTheStoreToTheFormatAndTheDisk =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("store")
          .definedBy("io.timestore.store..")
          .layer("format")
          .definedBy("io.timestore.format..")
          .layer("disk")
          .definedBy("io.timestore.disk..")
          .ensureAllClassesAreContainedInArchitecture()
          .whereLayer("store")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("format")
          .mayOnlyBeAccessedByLayers("store")
          .whereLayer("disk")
          .mayOnlyBeAccessedByLayers("store");

  @ArchTest
  static final ArchRule theFormatDoesNoIo =
      noClasses()
          .that()
          .resideInAPackage("io.timestore.format..")
          .should()
          .dependOnClassesThat(
              CHANNELS
                  .or(resideInAnyPackage("java.nio.file..", "java.net.."))
                  .or(
                      resideInAnyPackage("java.io")
                          .and(DescribedPredicate.not(IO_IN_MEMORY))
                          .as("of java.io that do more than bytes in memory")));

  @ArchTest
  static final ArchRule onlyTheDiskOpensChannels =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.timestore.disk..")
          .should()
          .dependOnClassesThat(CHANNELS);

  /** A file that somebody truncates under a mapping ends the process. */
  @ArchTest
  static final ArchRule nothingIsMapped =
      noClasses()
          .should()
          .dependOnClassesThat(belongToAnyOf(FileChannel.MapMode.class, MappedByteBuffer.class));

  @ArchTest
  static final ArchRule theCoreKnowsNoFramework =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.flink..",
              "org.apache.hadoop..",
              "org.apache.arrow..",
              "org.apache.calcite..");

  @ArchTest
  static final ArchRule noRoomsDependOnEachOtherInACircle =
      slices().matching("io.timestore.(*)..").should().beFreeOfCycles();
}
