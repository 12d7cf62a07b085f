#include "core/order.h"

#include <errno.h>

size_t order_next_on_cycle(const struct service_config *services, size_t place, size_t count)
{
	const struct service_config *service = &services[place];

	for (size_t i = 0; i < service->after.count; i++)
		if (service->after_index[i] != ORDER_NOBODY &&
		    services[service->after_index[i]].level >= count)
			return service->after_index[i];
	return place;
}

static void order_describe_cycle(
    const struct service_config *services, size_t count, struct text *cycle, size_t *ret_place)
{
	size_t place = 0, at;

	while (services[place].level < count)
		place++;
	/* count steps lead from behind the cycle onto it. */
	for (size_t i = 0; i < count; i++)
		place = order_next_on_cycle(services, place, count);
	*ret_place = at = place;
	do {
		text_addf(cycle, "%s after ", services[at].name);
		at = order_next_on_cycle(services, at, count);
	} while (at != place);
	text_add(cycle, services[place].name);
}

int order_set_levels(
    struct service_config *services, size_t count, struct text *cycle, size_t *ret_place)
{
	bool changed = true;

	for (size_t i = 0; i < count; i++)
		services[i].level = 0;
	for (size_t pass = 0; changed && pass <= count; pass++) {
		changed = false;
		for (size_t i = 0; i < count; i++) {
			for (size_t k = 0; k < services[i].after.count; k++) {
				uint16_t before = services[i].after_index[k];
				size_t wanted =
				    before == ORDER_NOBODY ? 0 : services[before].level + 1u;

				/* No true level reaches count; one on a cycle stays there. */
				wanted = wanted < count ? wanted : count;
				if (services[i].level >= wanted)
					continue;
				services[i].level = (uint16_t)wanted;
				changed = true;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (services[i].level >= count) {
			order_describe_cycle(services, count, cycle, ret_place);
			return -ELOOP;
		}
	}
	return 0;
}
