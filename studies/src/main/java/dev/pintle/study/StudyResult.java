package dev.pintle.study;

/** What a {@link Study} found: plain numbers and texts, which JSON keeps to the bit. */
public sealed interface StudyResult
        permits BaseResult,
                AllPositionCaaResult,
                MeanVsPcaResult,
                ViaSaeSteeringResult,
                DoubleDecodeResult,
                SteeringLatentsResult,
                OtherSaesResult,
                QualityResult {}
