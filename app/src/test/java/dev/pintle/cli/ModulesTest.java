package dev.pintle.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What docs/architecture.md says of modules and packages. */
@ArchTag("slow")
@AnalyzeClasses(packages = "dev.pintle", importOptions = ImportOption.DoNotIncludeTests.class)
class ModulesTest {
    @ArchTest
    static final ArchRule A_MODULE_KNOWS_THOSE_BELOW_IT = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("base")
            .definedBy("dev.pintle.base..")
            .layer("tensor")
            .definedBy("dev.pintle.tensor..")
            .layer("jinja")
            .definedBy("dev.pintle.jinja..")
            .layer("text")
            .definedBy("dev.pintle.text..")
            .layer("hub")
            .definedBy("dev.pintle.hub..", "dev.pintle.web..")
            .layer("model")
            .definedBy(
                    "dev.pintle.model..",
                    "dev.pintle.gguf..",
                    "dev.pintle.quantised..",
                    "dev.pintle.family..",
                    "dev.pintle.transformer..")
            .layer("steering")
            .definedBy("dev.pintle.steering..")
            .layer("sae")
            .definedBy("dev.pintle.sae..")
            .layer("studies")
            .definedBy(
                    "dev.pintle.study..",
                    "dev.pintle.studies..",
                    "dev.pintle.evaluation..",
                    "dev.pintle.figure..",
                    "dev.pintle.run..",
                    "dev.pintle.report..")
            .layer("library")
            .definedBy("dev.pintle.library..")
            .layer("notebook")
            .definedBy("dev.pintle.notebook..")
            .layer("server")
            .definedBy("dev.pintle.server..")
            .layer("studio")
            .definedBy("dev.pintle.studio..")
            .layer("app")
            .definedBy("dev.pintle.cli..")
            .whereLayer("base")
            .mayNotAccessAnyLayer()
            .whereLayer("tensor")
            .mayOnlyAccessLayers("base")
            .whereLayer("jinja")
            .mayNotAccessAnyLayer()
            .whereLayer("text")
            .mayOnlyAccessLayers("base", "jinja")
            .whereLayer("hub")
            .mayOnlyAccessLayers("base", "text")
            .whereLayer("model")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub")
            .whereLayer("steering")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model")
            .whereLayer("sae")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model", "steering")
            .whereLayer("studies")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model", "steering", "sae")
            .whereLayer("library")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model", "steering", "sae", "studies")
            .whereLayer("notebook")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model", "steering", "sae", "studies", "library")
            .whereLayer("server")
            .mayOnlyAccessLayers("base", "tensor", "text", "hub", "model", "steering", "sae", "studies", "library")
            .whereLayer("studio")
            .mayOnlyAccessLayers(
                    "base", "tensor", "text", "hub", "model", "steering", "sae", "studies", "library", "server")
            .whereLayer("app")
            .mayNotBeAccessedByAnyLayer();

    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.pintle.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule THE_TEMPLATE_LANGUAGE_KNOWS_NOTHING_OF_OURS = noClasses()
            .that()
            .resideInAPackage("dev.pintle.jinja..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.pintle..").and(resideOutsideOfPackage("dev.pintle.jinja..")));

    @ArchTest
    static final ArchRule ONLY_TENSOR_NAMES_LIBTORCH = noClasses()
            .that()
            .resideOutsideOfPackage("dev.pintle.tensor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.bytedeco..");

    @ArchTest
    static final ArchRule A_FAMILY_KNOWS_NOTHING_OF_KERNELS = noClasses()
            .that()
            .resideInAPackage("dev.pintle.family..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pintle.transformer.cpu..", "dev.pintle.transformer.gpu..", "dev.pintle.model..");

    @ArchTest
    static final ArchRule THE_TRANSFORMER_KNOWS_NEITHER_KERNELS_NOR_FAMILIES = noClasses()
            .that()
            .resideInAPackage("dev.pintle.transformer")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.pintle.transformer.cpu..",
                    "dev.pintle.transformer.gpu..",
                    "dev.pintle.family..",
                    "dev.pintle.gguf..",
                    "dev.pintle.quantised..",
                    "dev.pintle.model..");

    @ArchTest
    static final ArchRule KERNELS_KNOW_THE_TRANSFORMER_ALONE = noClasses()
            .that()
            .resideInAnyPackage("dev.pintle.transformer.cpu..", "dev.pintle.transformer.gpu..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pintle.family..", "dev.pintle.model..");
}
