package dev.pintle.studies;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Studies know what they share, and nothing that is shared knows a study. */
@ArchTag("slow")
@AnalyzeClasses(
        packages = {
            "dev.pintle.studies",
            "dev.pintle.study",
            "dev.pintle.report",
            "dev.pintle.run",
            "dev.pintle.evaluation",
            "dev.pintle.figure"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
    @ArchTest
    static final ArchRule PACKAGES_ARE_FREE_OF_CYCLES =
            slices().matching("dev.pintle.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NO_STUDY_KNOWS_ANOTHER =
            slices().matching("dev.pintle.study.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule WHAT_STUDIES_SHARE_KNOWS_NO_STUDY = noClasses()
            .that()
            .resideInAPackage("dev.pintle.study")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pintle.study.*..", "dev.pintle.studies..");

    @ArchTest
    static final ArchRule REPORTS_RUNS_FIGURES_AND_SWEEPS_KNOW_NO_STUDY = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.pintle.report..", "dev.pintle.run..", "dev.pintle.evaluation..", "dev.pintle.figure..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pintle.study..", "dev.pintle.studies..");
}
