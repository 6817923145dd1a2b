package io.timestore.flink;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rooms of the connector and the arrows between them: see {@code docs/design.md}. */
@AnalyzeClasses(packages = "io.timestore.flink", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule arrowsRunFromTheTableToSinkAndSourceToTheTypes =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("table")
          .definedBy("io.timestore.flink.table..")
          .layer("sink")
          .definedBy("io.timestore.flink.sink..")
          .layer("source")
          .definedBy("io.timestore.flink.source..")
          .layer("types")
          .definedBy("io.timestore.flink.types..")
          .ensureAllClassesAreContainedInArchitecture()
          .whereLayer("table")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("sink")
          .mayOnlyBeAccessedByLayers("table")
          .whereLayer("source")
          .mayOnlyBeAccessedByLayers("table")
          .whereLayer("types")
          .mayOnlyBeAccessedByLayers("table", "sink", "source");

  @ArchTest
  static final ArchRule onlyTheCoreOpensChannels =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.nio.channels..", "com.sun.nio.file..");

  /** Arrow need not be there: what others load doesn't know it. */
  @ArchTest
  static final ArchRule onlyBatchesKnowArrow =
      noClasses()
          .that()
          .haveNameNotMatching(".*[.](ArrowBatches|ArrowDeserializer|BatchReader)")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.arrow..", "io.timestore.arrow..");

  /** A cluster hides the planner behind a class loader of its own. */
  @ArchTest
  static final ArchRule nothingReachesIntoThePlanner =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.flink.table.planner..", "org.apache.calcite..", "scala..");

  /** Flink shades these for itself, and may change them with any patch. */
  @ArchTest
  static final ArchRule nothingUsesWhatFlinkShades =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.flink.shaded..", "org.apache.flink.calcite.shaded..");
}
