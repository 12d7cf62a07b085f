/* What concerns more than one key: names that must exist, cycles, ports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_build.h"
#include "core/order.h"
#include "util/macros.h"
#include "util/text.h"

/* Reports against the service's key, wherever its value came from. */
static void check_problem(struct config_builder *builder, const struct service_config *service,
    const char *key, const char *message)
{
	config_problem(builder, SECTION_SERVICE, service->name,
	    config_setting(builder, SECTION_SERVICE, service->name, key), message);
}

static struct setting *service_setting(
    const struct config_builder *builder, const struct service_config *service, const char *key)
{
	return config_setting(builder, SECTION_SERVICE, service->name, key);
}

static void check_names(struct config_builder *builder, struct service_config *service,
    const char *key, const struct words *names, uint16_t *places)
{
	char message[160];

	for (size_t i = 0; i < names->count; i++) {
		int place = config_find_service(builder->config, names->items[i]);

		/* It waits for nobody and its end is the end of all: there is no order to it. */
		if (place >= 0 && builder->config->services[place].is_main)
			place = -1;
		if (place < 0 || strcmp(names->items[i], service->name) == 0) {
			snprintf(message, sizeof(message), "'%.60s' is %s", names->items[i],
			    place < 0 ? "no service of this configuration" : "this service itself");
			check_problem(builder, service, key, message);
			place = -1;
		}
		if (places)
			places[i] = place < 0 ? ORDER_NOBODY : (uint16_t)place;
	}
}

static void check_after(struct config_builder *builder, struct service_config *service)
{
	if (!service->after.count)
		return;
	service->after_index = calloc(service->after.count, sizeof(*service->after_index));
	if (!service->after_index)
		problems_add(builder->errors, "no memory for the configuration");
	else
		check_names(builder, service, "after", &service->after, service->after_index);
}

static bool is_loopback(const struct probe_target *target)
{
	static const uint8_t ipv6_loopback[16] = { [15] = 1 };

	return target->is_ipv6 ? memcmp(target->address, ipv6_loopback, 16) == 0
			       : target->address[0] == 127;
}

/* The override that makes two services want one port, if there is one; else what the file says. */
static struct setting *port_to_blame(const struct config_builder *builder,
    const struct service_config *service, const struct service_config *other)
{
	static const char *const keys[] = { "port", "probe", "enabled" };
	struct setting *setting;

	for (size_t i = 0; i < 2 * ARRAY_LEN(keys); i++) {
		setting = service_setting(builder, i % 2 ? other : service, keys[i / 2]);
		if (config_is_override(setting))
			return setting;
	}
	setting = config_setting(builder, SECTION_NEMOINIT, "", "gateway_port");
	if (config_is_override(setting))
		return setting;
	setting = service_setting(builder, service, "port");
	return setting ? setting : service_setting(builder, service, "probe");
}

/* A probe on loopback asks our own service, so its port is the one the service must hold. */
static void check_port(struct config_builder *builder, size_t place)
{
	struct service_config *services = builder->config->services, *service = &services[place];
	char message[160];

	if (!service->port && service->probe.port && is_loopback(&service->probe))
		service->port = service->probe.port;
	for (size_t i = 0; i < place; i++) {
		if (!service->port || services[i].port != service->port || !services[i].enabled ||
		    !service->enabled)
			continue;
		snprintf(message, sizeof(message), "services '%s' and '%s' both want port %u",
		    services[i].name, service->name, service->port);
		config_problem(builder, SECTION_SERVICE, service->name,
		    port_to_blame(builder, service, &services[i]), message);
	}
}

/* The place on the cycle whose `after` is from the environment, if there is one; else place. */
static size_t cycle_to_blame(const struct config_builder *builder, size_t place)
{
	const struct config *config = builder->config;
	size_t at = place;

	do {
		if (config_is_override(service_setting(builder, &config->services[at], "after")))
			return at;
		at = order_next_on_cycle(config->services, at, config->service_count);
	} while (at != place);
	return place;
}

/* Marks whatever is restarted in the train of the service at place. */
static void follow_restarts(const struct config *config, size_t place, bool *reached)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (reached[i] ||
		    !words_has(&config->services[i].restart_with, config->services[place].name))
			continue;
		reached[i] = true;
		follow_restarts(config, i, reached);
	}
}

/* Services that restart one another would do so for ever: no limit counts what was asked for. */
static void check_restarts(struct config_builder *builder)
{
	const struct config *config = builder->config;
	size_t count = config->service_count;
	bool *reached = calloc(count + 1, sizeof(*reached));

	/* Those first whose value is from the environment: it is to blame for the whole cycle. */
	for (size_t i = 0; reached && i < 2 * count; i++) {
		const struct service_config *service = &config->services[i % count];

		if (!service->restart_with.count ||
		    (i < count &&
			!config_is_override(service_setting(builder, service, "restart_with"))))
			continue;
		memset(reached, 0, count * sizeof(*reached));
		follow_restarts(config, i % count, reached);
		if (!reached[i % count])
			continue;
		check_problem(builder, service, "restart_with",
		    "a cycle: the restart of this service would restart it again");
		break;
	}
	free(reached);
}

void config_check_command(struct config_builder *builder, enum section_kind kind, const char *name,
    const struct words *command)
{
	const struct section *section = settings_find(builder->settings, kind, name);

	if (!command->count && !config_setting(builder, kind, name, "command") &&
	    !(section && section->has_bad_lines))
		config_problem(builder, kind, name, NULL, "has no command; add 'command = …'");
}

/* The command is stopped before all others, whatever they are; it waits for none of them. */
static void set_level_of_command(struct config *config)
{
	struct service_config *command = NULL;
	uint16_t level = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		struct service_config *service = &config->services[i];

		if (service->is_main)
			command = service;
		else if (service->level >= level)
			level = (uint16_t)(service->level + 1);
	}
	if (command)
		command->level = level;
}

/* sun_path of unix(7) has room for 107 bytes and a NUL. */
static void check_socket(struct config_builder *builder)
{
	size_t length = strlen(builder->config->socket);

	if (length < 1 || length > 107)
		config_problem(builder, SECTION_NEMOINIT, "",
		    config_setting(builder, SECTION_NEMOINIT, "", "socket"),
		    "a path of 1 to 107 bytes is wanted, or auto");
}

/* We are in the root directory by then, and who reads the file need not know. */
static void check_path(struct config_builder *builder, enum section_kind kind, const char *section,
    const char *key, const char *path)
{
	if (path && path[0] != '/')
		config_problem(builder, kind, section, config_setting(builder, kind, section, key),
		    "an absolute path is wanted");
}

static void check_capabilities(struct config_builder *builder, const struct service_config *service)
{
	int (*find)(const char *name) = builder->sources->find_capability;
	struct words names = { 0 };
	struct error error;
	char message[160];

	if (!service->identity.capabilities || !find)
		return;
	if (words_split_blanks(service->identity.capabilities, &names, &error))
		check_problem(builder, service, "capabilities", error.message);
	for (size_t i = 0; i < names.count; i++) {
		if ((names.count == 1 && strcmp(names.items[i], "none") == 0) ||
		    find(names.items[i]) >= 0)
			continue;
		snprintf(message, sizeof(message),
		    "'%.60s' is no capability; write names such as net_bind_service, or none",
		    names.items[i]);
		check_problem(builder, service, "capabilities", message);
		break;
	}
	words_deinit(&names);
}

/* `log_dir =` is unset, so that a variable can say that too. */
static void check_directory(struct config_builder *builder, const char *key, char **directory)
{
	if (*directory && !**directory) {
		free(*directory);
		*directory = NULL;
	}
	check_path(builder, SECTION_NEMOINIT, "", key, *directory);
}

void config_check(struct config_builder *builder)
{
	struct config *config = builder->config;
	size_t before = problems_total(builder->errors), place;
	char names[512];
	struct text cycle;

	if (config->socket)
		check_socket(builder);
	check_directory(builder, "log_dir", &config->log_dir);
	check_directory(builder, "state_dir", &config->state_dir);
	for (size_t i = 0; i < config->service_count; i++) {
		struct service_config *service = &config->services[i];

		config_check_command(builder, SECTION_SERVICE, service->name, &service->command);
		check_after(builder, service);
		check_names(builder, service, "restart_with", &service->restart_with, NULL);
		check_port(builder, i);
		check_path(builder, SECTION_SERVICE, service->name, "env_file", service->env_file);
		check_capabilities(builder, service);
	}
	config_check_tasks(builder);
	text_init(&cycle, names, sizeof(names));
	text_add(&cycle, "a cycle: ");
	if (order_set_levels(config->services, config->service_count, &cycle, &place))
		check_problem(
		    builder, &config->services[cycle_to_blame(builder, place)], "after", names);
	set_level_of_command(config);
	if (problems_total(builder->errors) == before && !builder->again)
		check_restarts(builder);
}
