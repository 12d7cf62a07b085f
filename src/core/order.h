/* Who starts after whom. */
#pragma once

#include <stddef.h>

#include "core/config.h"
#include "util/text.h"

enum {
	ORDER_NOBODY = UINT16_MAX, /* in after_index: a name that is no other service's */
};

/*
 * Gives every service its level from after_index: 0 without `after`, else one more than the
 * highest it waits for. Returns 0, or -ELOOP when there is a cycle: its names, `a after b after a`,
 * are added to cycle and the place of the first goes to *ret_place.
 */
int order_set_levels(
    struct service_config *services, size_t count, struct text *cycle, size_t *ret_place);

/* After -ELOOP: the place that the one at place waits for on the cycle. */
size_t order_next_on_cycle(const struct service_config *services, size_t place, size_t count);
