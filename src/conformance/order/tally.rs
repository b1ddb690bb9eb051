//! Whether token counts add up.

use serde_json::Value;

use super::super::rules::USAGE_ADDS_UP;
use super::Report;

/// Holds the usage of a response against its own sums. Numbers that are not given are not counted.
pub(super) fn adds_up(usage: &Value, report: &mut Report) {
    let number = |value: &Value| value.as_u64();
    let (input, output) = (&usage["input_tokens"], &usage["output_tokens"]);
    if let (Some(input), Some(output), Some(total)) = (
        number(input),
        number(output),
        number(&usage["total_tokens"]),
    ) && total != input + output
    {
        let expected = format!("{input} + {output}");
        report.breaks(
            &USAGE_ADDS_UP,
            "response.usage.total_tokens",
            total,
            expected,
        );
    }
    for (sum, details) in [
        (input, "input_token_details"),
        (output, "output_token_details"),
    ] {
        let parts = ["text_tokens", "audio_tokens", "image_tokens"];
        let parts: Vec<u64> = parts
            .iter()
            .filter_map(|part| number(&usage[details][part]))
            .collect();
        let found: u64 = parts.iter().sum();
        if let Some(sum) = number(sum)
            && !parts.is_empty()
            && sum != found
        {
            report.breaks(
                &USAGE_ADDS_UP,
                &format!("response.usage.{details}"),
                found,
                format!("{sum} in all"),
            );
        }
    }
    let cached = number(&usage["input_token_details"]["cached_tokens"]);
    if let (Some(cached), Some(input)) = (cached, number(input))
        && cached > input
    {
        report.breaks(
            &USAGE_ADDS_UP,
            "response.usage.input_token_details.cached_tokens",
            cached,
            format!("at most {input}"),
        );
    }
}
