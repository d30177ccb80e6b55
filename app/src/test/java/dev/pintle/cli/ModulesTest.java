package dev.pintle.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Arrows between modules point downward, and only the tensor module names libtorch. */
@AnalyzeClasses(packages = "dev.pintle", importOptions = ImportOption.DoNotIncludeTests.class)
class ModulesTest {
    @ArchTest
    static final ArchRule ARROWS_POINT_DOWNWARD = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("app")
            .definedBy("dev.pintle.cli..", "dev.pintle.bench..")
            .layer("studies")
            .definedBy(
                    "dev.pintle.study..",
                    "dev.pintle.studies..",
                    "dev.pintle.evaluation..",
                    "dev.pintle.figure..",
                    "dev.pintle.run..",
                    "dev.pintle.report..")
            .layer("sae")
            .definedBy("dev.pintle.sae..")
            .layer("steering")
            .definedBy("dev.pintle.steering..")
            .layer("model")
            .definedBy("dev.pintle.model..", "dev.pintle.family..", "dev.pintle.transformer..")
            .layer("hub")
            .definedBy("dev.pintle.hub..", "dev.pintle.web..")
            .layer("text")
            .definedBy("dev.pintle.text..")
            .layer("jinja")
            .definedBy("dev.pintle.jinja..")
            .layer("tensor")
            .definedBy("dev.pintle.tensor..")
            .layer("base")
            .definedBy("dev.pintle.base..")
            .whereLayer("app")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("studies")
            .mayOnlyBeAccessedByLayers("app")
            .whereLayer("sae")
            .mayOnlyBeAccessedByLayers("studies", "app")
            .whereLayer("steering")
            .mayOnlyBeAccessedByLayers("sae", "studies", "app")
            .whereLayer("model")
            .mayOnlyBeAccessedByLayers("steering", "sae", "studies", "app")
            .whereLayer("hub")
            .mayOnlyBeAccessedByLayers("model", "steering", "sae", "studies", "app")
            .whereLayer("jinja")
            .mayOnlyBeAccessedByLayers("text")
            .whereLayer("tensor")
            .mayOnlyAccessLayers("base");

    @ArchTest
    static final ArchRule THE_TEMPLATE_LANGUAGE_KNOWS_NOTHING_OF_OURS = noClasses()
            .that()
            .resideInAPackage("dev.pintle.jinja..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.pintle.base..",
                    "dev.pintle.tensor..",
                    "dev.pintle.text..",
                    "dev.pintle.hub..",
                    "dev.pintle.model..");

    @ArchTest
    static final ArchRule ONLY_TENSOR_NAMES_LIBTORCH = noClasses()
            .that()
            .resideOutsideOfPackage("dev.pintle.tensor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.bytedeco..");
}
