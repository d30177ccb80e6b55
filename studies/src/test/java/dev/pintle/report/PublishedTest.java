package dev.pintle.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PublishedTest {
    @Test
    void a_value_of_several_autoencoders_is_that_of_the_original_s_own() {
        Published published = Published.of("parley-7m", "parley-7m-sae-l3");
        assertThat(published.value("steering_decoding_other_saes.vector_error_percent"))
                .isEqualTo(576);
        assertThat(published.percents("steering_decoding_other_saes.vector_error_percent"))
                .isEqualTo("576%, 536%, 2,592%");
        assertThat(published.value("base.error_percent")).isEqualTo(580);
        assertThatThrownBy(() -> published.value("base.nothing")).hasMessage("The original published no base.nothing");
    }
}
