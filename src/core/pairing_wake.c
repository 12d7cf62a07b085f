#include "core/pairing_wake.h"

#include "util/macros.h"

void pairing_wake_init(struct pairing_wake *wake)
{
	*wake = (struct pairing_wake){ .changed_ms = NEVER_MS };
}

/* The n-th last call for nothing, 0 being the last. */
static const struct pairing_wake_call *call_before(const struct pairing_wake *wake, size_t n)
{
	return &wake->calls[(wake->call_count - 1 - n) % PAIRING_WAKE_CALLS_MAX];
}

static bool is_within_window(const struct pairing_wake_call *call, uint64_t now_ms)
{
	return now_ms < deadline_after(call->end_ms, PAIRING_WAKE_WINDOW_MS);
}

/*
 * When that many calls for nothing keep within the budget, each as long as the longest that is
 * remembered. In noise there must be room for two: one is kept for the first change after it. More
 * calls in a minute than the ring holds are none, however short.
 */
static uint64_t within_budget_ms(
    const struct pairing_wake *wake, unsigned more_calls, uint64_t now_ms)
{
	size_t known =
	    wake->call_count < PAIRING_WAKE_CALLS_MAX ? wake->call_count : PAIRING_WAKE_CALLS_MAX;
	uint64_t longest_ms = 0, sum_ms;
	size_t count = 0;

	for (size_t i = 0; i < known; i++) {
		longest_ms = max_ms(longest_ms, call_before(wake, i)->took_ms);
		count += is_within_window(call_before(wake, i), now_ms);
	}
	sum_ms = more_calls * longest_ms;
	for (size_t i = 0; i < count; i++) {
		const struct pairing_wake_call *call = call_before(wake, i);

		sum_ms += call->took_ms;
		if (sum_ms > PAIRING_WAKE_BUDGET_MS || i + 1 == PAIRING_WAKE_CALLS_MAX)
			return deadline_after(call->end_ms, PAIRING_WAKE_WINDOW_MS);
	}
	return 0;
}

void pairing_wake_handle_change(struct pairing_wake *wake, uint64_t now_ms)
{
	wake->changed_ms = min_ms(wake->changed_ms, now_ms);
}

uint64_t pairing_wake_deadline_ms(const struct pairing_wake *wake, uint64_t slow_ms)
{
	uint64_t quiet_ms = deadline_after(wake->noise_last_ms, slow_ms);
	uint64_t changed_ms = wake->changed_ms, due_ms;

	if (changed_ms == NEVER_MS)
		return NEVER_MS;
	due_ms = within_budget_ms(wake, 1, changed_ms);
	if (wake->distance_ms && changed_ms < quiet_ms)
		due_ms = min_ms(max_ms(due_ms, quiet_ms),
		    max_ms(deadline_after(wake->noise_end_ms, wake->distance_ms),
			within_budget_ms(wake, 2, changed_ms)));
	return max_ms(due_ms, deadline_after(changed_ms, PAIRING_WAKE_DELAY_MS));
}

void pairing_wake_handle_look(struct pairing_wake *wake)
{
	wake->seen_ms = wake->changed_ms;
	wake->changed_ms = NEVER_MS;
}

void pairing_wake_handle_list(
    struct pairing_wake *wake, const struct pairing_wake_list *list, uint64_t slow_ms)
{
	if (list->has_found) {
		wake->distance_ms = 0;
		wake->found_end_ms = list->end_ms;
		return;
	}
	if (list->is_woken)
		wake->calls[wake->call_count++ % PAIRING_WAKE_CALLS_MAX] =
		    (struct pairing_wake_call){ .end_ms = list->end_ms,
			    .took_ms = list->end_ms - list->start_ms };
	/* No noise: what a list before, then under way, has shown as well. */
	if (wake->seen_ms < wake->found_end_ms)
		return;
	wake->noise_end_ms = list->end_ms;
	wake->noise_last_ms = list->last_write_ms;
	if (list->is_woken)
		wake->distance_ms = min_ms(
		    wake->distance_ms ? 2 * wake->distance_ms : PAIRING_WAKE_DISTANCE_MS, slow_ms);
}
