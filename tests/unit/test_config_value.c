/* Every type of value: what is read, what is refused, and with which words. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/config_keys.h"
#include "util/macros.h"

static const char *find(const void *data, const char *name, size_t name_length_bytes)
{
	if (name_length_bytes != 1)
		return NULL;
	return *name == 'X' ? "9" : *name == 'E' ? "exec:true it is" : NULL;
}

static const struct variables variables = { .find = find };

/* Reads a service's key into *service, else tells. */
static int read_value(
    const char *name, const char *text, struct service_config *service, struct error *error)
{
	return config_value_read(
	    config_key_find(SECTION_SERVICE, name), text, &variables, service, error);
}

/* What can be compared as a number. */
static void numbers_and_words(void **state)
{
	static const struct {
		const char *key;
		const char *text;
		size_t offset;
		size_t size;
		uint64_t value;
	} rows[] = {
#define ROW(key, text, member, value) \
	{ key, text, offsetof(struct service_config, member), \
		sizeof(((struct service_config *)0)->member), value }
		ROW("enabled", "yes", enabled, 1),
		ROW("enabled", "OFF", enabled, 0),
		ROW("restart_delay", "0", restart_delay_ms, 0),
		ROW("restart_delay", "250ms", restart_delay_ms, 250),
		ROW("restart_delay", "1.5s", restart_delay_ms, 1500),
		ROW("restart_delay", "${X}s", restart_delay_ms, 9000),
		ROW("restart_delay", "24h", restart_delay_ms, 86400000),
		ROW("restart_delay", "86400", restart_delay_ms, 86400000),
		ROW("stop_timeout", "1ms", stop_timeout_ms, 1),
		ROW("probe_interval", "10ms", probe_interval_ms, 10),
		ROW("restart", "always", restart, RESTART_ALWAYS),
		ROW("restart", "on-failure", restart, RESTART_ON_FAILURE),
		ROW("restart", "never", restart, RESTART_NEVER),
		ROW("crash_action", "block", crash_action, CRASH_BLOCK),
		ROW("output", "inherit", output, OUTPUT_INHERIT),
		ROW("output", "null", output, OUTPUT_NULL),
		ROW("port", "1", port, 1),
		ROW("port", "65535", port, 65535),
		ROW("port", "auto", port, 0),
		ROW("stop_signal", "INT", stop_signal, SIGINT),
		ROW("stop_signal", "sigquit", stop_signal, SIGQUIT),
		ROW("stop_signal", "SIGKILL", stop_signal, SIGKILL),
		ROW("crash_limit", "1/1ms", crash_limit.count, 1),
		ROW("crash_limit", "5/10m", crash_limit.window_ms, 600000),
		ROW("crash_limit", "4294967295/24h", crash_limit.count, UINT32_MAX),
		ROW("fatal_exit_codes", "1 255", fatal_exit_codes.bits[7], 1u << 31),
		ROW("fatal_exit_codes", "78", fatal_exit_codes.bits[2], 1u << 14),
		ROW("fatal_exit_codes", "", fatal_exit_codes.bits[2], 0),
		ROW("probe_status", "100 599", probe_status.items[1], 599),
		ROW("probe_status", "200", probe_status.items[1], 0),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct service_config service;
		uint64_t value = 0;

		print_message("%s = %s\n", rows[i].key, rows[i].text);
		memset(&service, 0, sizeof(service));
		memset((char *)&service + rows[i].offset, 0x55, rows[i].size);
		assert_int_equal(read_value(rows[i].key, rows[i].text, &service, NULL), 0);
		memcpy(&value, (char *)&service + rows[i].offset, rows[i].size);
		assert_true(value == rows[i].value);
	}
}

#define DURATION " is no duration from "
#define DAY      " to 1d 00h; write 250ms, 10s, 5m or 8h"
#define HOST     ": the host must be an IPv4 address, an [IPv6] address or localhost"
#define SIGNALS  " is none of: TERM, INT, QUIT, HUP, USR1, USR2, KILL"
#define PROBES \
	" is none of: http://HOST:PORT/PATH, ws://HOST:PORT/PATH, tcp://HOST:PORT, exec:COMMAND " \
	"(written out, not from a variable), notify, none"
#define RATE " is no COUNT/DURATION of at least 1, such as 5/10m"

static void bad_values_are_told_and_change_nothing(void **state)
{
	static const struct {
		const char *key;
		const char *text;
		const char *message;
	} rows[] = {
		{ "enabled", "maybe", "'maybe' is neither yes nor no" },
		{ "enabled", "", "'' is neither yes nor no" },
		{ "restart_delay", "5d", "'5d'" DURATION "0ms" DAY },
		{ "restart_delay", "", "''" DURATION "0ms" DAY },
		{ "restart_delay", "-1s", "'-1s'" DURATION "0ms" DAY },
		{ "restart_delay", "86400001ms", "'86400001ms'" DURATION "0ms" DAY },
		{ "restart_delay", "1e300", "'1e300'" DURATION "0ms" DAY },
		{ "stop_timeout", "0", "'0'" DURATION "1ms" DAY },
		{ "probe_interval", "9ms", "'9ms'" DURATION "10ms" DAY },
		{ "restart", "Always", "'Always' is none of: always, on-failure, never" },
		{ "restart", "", "'' is none of: always, on-failure, never" },
		{ "port", "0", "'0' is no port from 1 to 65535" },
		{ "port", "65536", "'65536' is no port from 1 to 65535" },
		{ "port", "http", "'http' is no port from 1 to 65535" },
		{ "port", "-1", "'-1' is no port from 1 to 65535" },
		{ "stop_signal", "STOP", "'STOP'" SIGNALS },
		{ "stop_signal", "15", "'15'" SIGNALS },
		{ "stop_signal", "", "''" SIGNALS },
		{ "crash_limit", "0/10m", "'0/10m'" RATE },
		{ "crash_limit", "5", "'5'" RATE },
		{ "crash_limit", "5/0", "'5/0'" RATE },
		{ "crash_limit", "/10m", "'/10m'" RATE },
		{ "crash_limit", "4294967296/1s", "'4294967296/1s'" RATE },
		{ "crash_limit", "00000000000000005/1s", "'00000000000000005/1s'" RATE },
		{ "crash_limit", "5/25h", "'5/25h'" RATE },
		{ "fatal_exit_codes", "0", "'0' is no exit code from 1 to 255" },
		{ "fatal_exit_codes", "78 256", "'256' is no exit code from 1 to 255" },
		{ "fatal_exit_codes", "78,79", "'78,79' is no exit code from 1 to 255" },
		{ "probe_status", "", "1 to 8 HTTP status codes are wanted" },
		{ "probe_status", "1 2 3 4 5 6 7 8 9", "1 to 8 HTTP status codes are wanted" },
		{ "probe_status", "99", "'99' is no HTTP status from 100 to 599" },
		{ "probe_status", "200 600", "'600' is no HTTP status from 100 to 599" },
		{ "probe", "", "''" PROBES },
		{ "probe", "Notify", "'Notify'" PROBES },
		{ "probe", "udp://127.0.0.1:1", "'udp://127.0.0.1:1'" PROBES },
		{ "probe", "tcp://127.0.0.1:1/x", "'tcp://127.0.0.1:1/x'" PROBES },
		{ "probe", "http://127.0.0.1:1/a b", "'http://127.0.0.1:1/a b'" PROBES },
		{ "probe", "ws://127.0.0.1:1/a b", "'ws://127.0.0.1:1/a b'" PROBES },
		{ "probe", "wss://127.0.0.1:1/", "'wss://127.0.0.1:1/'" PROBES },
		{ "probe", "ws://example.com:1/", "'example.com:1/'" HOST },
		{ "probe", "ws://127.0.0.1/", "'127.0.0.1/': a port from 1 to 65535 is wanted" },
		{ "probe", "exec", "'exec'" PROBES },
		{ "probe", "exec:", "a command is wanted" },
		{ "probe", "exec: ''", "a command is wanted" },
		{ "probe", "exec:check 'x", "has an unclosed '" },
		{ "probe", "exec:check ${NO}",
		    "${NO} is not set; set it, or write ${NO:-default}" },
		{ "probe", "${E}", "'exec:true it is'" PROBES },
		{ "probe", "http://example.com:1/", "'example.com:1/'" HOST },
		{ "probe", "http://:1/", "':1/'" HOST },
		{ "probe", "http://::1:1/", "'::1:1/'" HOST },
		{ "probe", "http://[127.0.0.1]:1/", "'[127.0.0.1]:1/'" HOST },
		{ "probe", "http://[localhost]:1/", "'[localhost]:1/'" HOST },
		{ "probe", "http://1.2.3:1/", "'1.2.3:1/'" HOST },
		{ "probe", "http://127.0.0.1/", "'127.0.0.1/': a port from 1 to 65535 is wanted" },
		{ "probe", "tcp://127.0.0.1:", "'127.0.0.1:': a port from 1 to 65535 is wanted" },
		{ "probe", "tcp://127.0.0.1:0", "'127.0.0.1:0': a port from 1 to 65535 is wanted" },
		{ "probe", "tcp://[::1:80", "'[::1:80': a port from 1 to 65535 is wanted" },
		{ "probe", "tcp://[::1", "'[::1': a port from 1 to 65535 is wanted" },
		{ "command", " ", "a command is wanted" },
		{ "command", "'' x", "a command is wanted" },
		{ "command", "x\\", "ends in a lone \\" },
		{ "command", "'x", "has an unclosed '" },
		{ "command", "x y ${NO}", "${NO} is not set; set it, or write ${NO:-default}" },
		{ "after", "${NO}", "${NO} is not set; set it, or write ${NO:-default}" },
		{ "working_directory", "${NO", "has a ${ without its }" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct service_config service, before;
		struct error error;

		print_message("%s = %s\n", rows[i].key, rows[i].text);
		memset(&service, 0x55, sizeof(service));
		memcpy(&before, &service, sizeof(service));
		assert_true(read_value(rows[i].key, rows[i].text, &service, &error) < 0);
		assert_string_equal(error.message, rows[i].message);
		assert_memory_equal(&service, &before, sizeof(service));
	}
}

static void probes_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		enum probe_type type;
		bool is_ipv6;
		uint8_t first;
		uint8_t last; /* of the address */
		uint16_t port;
		const char *path;
	} rows[] = {
		{ "none", PROBE_NONE, false, 0, 0, 0, NULL },
		{ "notify", PROBE_NOTIFY, false, 0, 0, 0, NULL },
		{ "http://127.0.0.1:80/a?b=c", PROBE_HTTP, false, 127, 1, 80, "/a?b=c" },
		{ "http://localhost:65535", PROBE_HTTP, false, 127, 1, 65535, "/" },
		{ "http://[fe80::2]:8080/", PROBE_HTTP, true, 0xfe, 2, 8080, "/" },
		{ "ws://127.0.0.1:80", PROBE_WS, false, 127, 1, 80, "/" },
		{ "ws://[::1]:8080/a/b", PROBE_WS, true, 0, 1, 8080, "/a/b" },
		{ "tcp://10.0.0.3:1", PROBE_TCP, false, 10, 3, 1, NULL },
		{ "tcp://[::1]:2", PROBE_TCP, true, 0, 1, 2, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct service_config service = { .name = NULL };
		const struct probe_target *probe = &service.probe;

		print_message("%s\n", rows[i].text);
		assert_int_equal(read_value("probe", rows[i].text, &service, NULL), 0);
		assert_int_equal(probe->type, rows[i].type);
		assert_int_equal(probe->is_ipv6, rows[i].is_ipv6);
		assert_int_equal(probe->address[0], rows[i].first);
		assert_int_equal(probe->address[rows[i].is_ipv6 ? 15 : 3], rows[i].last);
		assert_int_equal(probe->port, rows[i].port);
		if (rows[i].path)
			assert_string_equal(probe->path, rows[i].path);
		else
			assert_null(probe->path);
		if (rows[i].port)
			assert_string_equal(probe->text, rows[i].text);
		else
			assert_null(probe->text);
		free(probe->path);
		free(probe->text);
	}
}

static void exec_probes_are_split_like_commands(void **state)
{
	static const char text[] = "exec:check --name 'a b' ${E} $${X}\\ y";
	struct service_config service = { .name = NULL };
	const struct probe_target *probe = &service.probe;

	assert_int_equal(read_value("probe", text, &service, NULL), 0);
	assert_int_equal(probe->type, PROBE_EXEC);
	assert_int_equal(probe->port, 0);
	assert_null(probe->path);
	assert_string_equal(probe->text, text); /* what a variable holds may be secret */
	assert_int_equal(probe->command.count, 5);
	assert_string_equal(probe->command.items[0], "check");
	assert_string_equal(probe->command.items[2], "a b");
	assert_string_equal(probe->command.items[3], "exec:true it is");
	assert_string_equal(probe->command.items[4], "${X} y");
	free(probe->text);
	words_deinit(&service.probe.command);
}

static void modes_are_octal(void **state)
{
	static const struct {
		const char *text;
		int result;
		int mode;
	} rows[] = {
		{ "auto", 0, -1 },
		{ "0666", 0, 0666 },
		{ "600", 0, 0600 },
		{ "0", 0, 0 },
		{ "0777", 0, 0777 },
		{ "01000", -EINVAL, 5 },
		{ "0668", -EINVAL, 5 },
		{ "", -EINVAL, 5 },
		{ "-1", -EINVAL, 5 },
		{ "+644", -EINVAL, 5 },
		{ "0x1ff", -EINVAL, 5 },
		{ "77777777777777777777777777", -EINVAL, 5 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config config = { .socket_mode = 5 };
		struct error error;

		print_message("%s\n", rows[i].text);
		assert_int_equal(config_value_read(config_key_find(SECTION_NEMOINIT, "socket_mode"),
				     rows[i].text, &variables, &config, &error),
		    rows[i].result);
		assert_int_equal(config.socket_mode, rows[i].mode);
	}
}

static void paths_are_absolute(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{ "/bin", 0 },
		{ "/usr/local/bin:/bin", 0 },
		{ "/", 0 },
		{ "", -EINVAL },
		{ ".", -EINVAL },
		{ "bin:/bin", -EINVAL },
		{ "/bin:", -EINVAL },
		{ ":/bin", -EINVAL },
		{ "/usr/bin::/bin", -EINVAL },
		{ "/bin:../bin", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config config = { .path = NULL };
		struct error error;

		print_message("%s\n", rows[i].text);
		assert_int_equal(config_value_read(config_key_find(SECTION_NEMOINIT, "path"),
				     rows[i].text, &variables, &config, &error),
		    rows[i].result);
		assert_int_equal(config.path == NULL, rows[i].result != 0);
		free(config.path);
	}
}

static void every_default_is_a_good_value(void **state)
{
	for (int kind = SECTION_NEMOINIT; kind <= SECTION_SERVICE; kind++) {
		size_t count;
		const struct config_key *keys = config_keys((enum section_kind)kind, &count);

		assert_true(count > 0);
		for (size_t i = 0; i < count; i++) {
			union {
				struct config config;
				struct service_config service;
			} base;

			assert_ptr_equal(
			    config_key_find((enum section_kind)kind, keys[i].name), &keys[i]);
			if (!keys[i].fallback)
				continue;
			memset(&base, 0, sizeof(base));
			assert_int_equal(
			    config_value_read(&keys[i], keys[i].fallback, &variables, &base, NULL),
			    0);
			if (keys[i].type == VALUE_TEXT)
				free(*(char **)((char *)&base + keys[i].offset));
			if (keys[i].exec_fallback)
				assert_int_equal(config_value_read(&keys[i], keys[i].exec_fallback,
						     &variables, &base, NULL),
				    0);
		}
		assert_null(config_key_find((enum section_kind)kind, "env.A"));
		assert_null(config_key_find((enum section_kind)kind, ""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_words),
		cmocka_unit_test(bad_values_are_told_and_change_nothing),
		cmocka_unit_test(probes_are_taken_apart),
		cmocka_unit_test(exec_probes_are_split_like_commands),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(paths_are_absolute),
		cmocka_unit_test(every_default_is_a_good_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
