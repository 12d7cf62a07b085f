#!/bin/bash
# Can the unit tests fail? Applies small breakages, one at a time, to a copy of the tree; each must turn the test
# that is named with it red. One that survives, does not build or no longer applies is a failure.
# Prints TAP. `tests/mutants.sh PATTERN` tries only those whose file and text match.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
pattern=${1:-}
count=0 failed=0
trap 'rm -rf "$copy"' EXIT
export GOLDEN_DIR="$copy/tree/tests/unit/golden"

prepare()
{
	mkdir "$copy/tree" &&
		tar -C "$root" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$copy/tree" -xf - &&
		meson setup --buildtype=plain -Db_pie=false "$copy/build" "$copy/tree" &&
		ninja -C "$copy/build" && meson test -C "$copy/build" --no-rebuild --suite unit
}

report()
{
	count=$((count + 1))
	echo "$1 $count - $2"
	[ "$1" = ok ] || failed=$((failed + 1))
}

# Builds and runs one test; 0: green, 1: red, 2: does not build. A breakage may loop or eat memory: it has limits.
run_test()
{
	ninja -C "$copy/build" "tests/test_$1" >"$copy/log" 2>&1 || return 2
	(ulimit -v 1000000 -c 0; exec timeout 10 "$copy/build/tests/test_$1") >"$copy/log" 2>&1 || return 1
}

# mutant TEST FILE FROM TO: FROM stands in FILE exactly once.
mutant()
{
	local test=$1 file=$copy/tree/src/core/$2 from=$3 to=$4 text name="$2: $3 -> $4 ($1)"
	[[ $2:$3 == *"$pattern"* ]] || return 0
	text=$(cat "$file"; echo .) && text=${text%.}
	if [[ $text != *"$from"* || ${text#*"$from"} == *"$from"* ]]; then
		report 'not ok' "$name # does not apply"
		return
	fi
	printf '%s%s%s' "${text%%"$from"*}" "$to" "${text#*"$from"}" >"$file"
	run_test "$test"
	case $? in
	0) report 'not ok' "$name # survives" ;;
	1) report ok "$name" ;;
	*) report 'not ok' "$name # does not build"; sed 's/^/# /' "$copy/log" ;;
	esac
	printf '%s' "$text" >"$file"
}

if ! prepare >"$copy/prepared" 2>&1; then
	cat "$copy/prepared"
	echo 'Bail out! the tree as it is does not build, or its unit tests fail'
	exit 1
fi

mutant service_table service.c 'now_ms >= service->deadline_ms ? service_kill' 'now_ms > service->deadline_ms ? service_kill'
mutant service_life service.c 'unsigned actions = SERVICE_DO_KILL_TREE;' 'unsigned actions = 0;'
mutant service_life service.c 'now_ms - service->killed_ms >= SERVICE_UNKILLABLE_MS' 'now_ms - service->killed_ms > SERVICE_UNKILLABLE_MS'
mutant service_life service.c 'if (is_starting && service_is_ready_by_exec(config))' 'if (is_starting)'
mutant service_life service_health.c 'service->config->probe.type != PROBE_NOTIFY' 'false'
mutant service_life service_health.c 'if (!service->config->port)' 'if (true)'
mutant service_life service.c 'if (!service->has_process && service->state != SERVICE_STOPPING)' 'if (!service->has_process)'
mutant service_life service.c 'min_ms(service->deadline_ms, deadline_after(now_ms, event->limit_ms))' 'deadline_after(now_ms, event->limit_ms)'
mutant service_life service.c 'if (service->starts++ && !service->is_asked)' 'if (service->starts++)'
mutant service_table service.c 'return service->has_process ? service_on_exited(service, event, now_ms) : 0;' 'return service_on_exited(service, event, now_ms);'
mutant service_life service.c 'service->has_foreign_port = true;' 'service->failures++;'
mutant service_life service.c 'event->type == SERVICE_EV_RESTART || event->type == SERVICE_EV_RECONFIGURE;' 'true;'
mutant service_life service.c 'service->is_wanted || !service->config->enabled;' 'service->is_wanted;'
mutant service_life service.c 'if (is_disabled) {' 'if (false) {'
mutant service_life service_end.c 'service_rest(service, !service->config->enabled, now_ms);' 'service_rest(service, false, now_ms);'
mutant config_equal config_equal.c 'equal = words_has(b, a->items[i]);' ';'
mutant config_equal config_equal.c 'return a && b ? strcmp(a, b) == 0 : a == b;' 'return !a == !b;'
mutant config_equal config_equal.c '!keys[i].is_fixed || ' ''
mutant config_equal config_equal.c 'a->type == b->type && ' ''
mutant service_table service.c 'return SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE;' 'return SERVICE_DO_STOP_SIGNAL;'
mutant service service_end.c 'service->cause == SERVICE_CAUSE_REQUEST || service->is_asked' 'service->is_asked'
mutant service service_end.c 'if (service->has_failed_exec)' 'if (false)'
mutant service service_end.c 'EXIT_RESTART_ME = 75' 'EXIT_RESTART_ME = 76'
mutant service service_end.c 'config->restart == RESTART_ON_FAILURE && is_done' 'config->restart == RESTART_ON_FAILURE'
mutant service service_end.c 'exit->reason == EXIT_REASON_CONFIG || is_retry' 'exit->reason == EXIT_REASON_CONFIG'
mutant service service_end.c 'service->is_crash_loop = true;' ''
mutant service service_end.c 'exit->reason == EXIT_REASON_CLEAN && exit->was_ready' 'exit->reason == EXIT_REASON_CLEAN'
mutant service service_end.c 'if (service->was_stable) {' 'if (false) {'
mutant service_life service_end.c 'if (!service->is_wanted) {' 'if (false) {'
mutant service_life service_end.c 'service->was_ready = service->was_stable = false;' ''
mutant service_life service_end.c 'service->is_unkillable = false;' ''
mutant service_life service_end.c 'service->has_failed_privilege = false;' ''
mutant service_life service_end.c 'exit->reason == EXIT_REASON_EXEC_FAILED && service->has_failed_privilege' 'false'
mutant config_value config_value.c '(at = strchr(at, '"':'"')) && at++' 'false'
mutant health health.h 'HEALTH_MISSES_MIN = 3' 'HEALTH_MISSES_MIN = 2'
mutant health health.c 'if (!ok && health->discard)' 'if (false)'
mutant health health.c 'health->config->watchdog_ms && health->is_ready' 'health->config->watchdog_ms'
mutant health health.c 'if (health->probe_ms > now_ms)' 'if (health->probe_ms >= now_ms)'
mutant service_life service_health.c 'if (now_ms >= service_unhealthy_ms(service))' 'if (now_ms > service_unhealthy_ms(service))'
mutant service_aid service_health.c 'max_ms(unhealthy_ms, service_probe_stop_ms(service))' 'unhealthy_ms'
mutant service_aid service_health.c 'service->is_diagnosed ? NEVER_MS : unhealthy_ms' 'unhealthy_ms'
mutant service_aid service_health.c 'service->is_diagnosed && !ok' 'service->is_diagnosed'
mutant service_aid service_end.c '!service->has_repaired' 'true'
mutant service_aid service_end.c '!is_repairable || service->is_crash_loop' '!is_repairable'
mutant service_aid service_end.c 'SERVICE_DO_CANCEL_PROBE | service_count_exit(service, now_ms)' 'SERVICE_DO_CANCEL_PROBE'
mutant service_aid service.c 'service->has_process && !service->was_ready && service->fatal_output < 0' 'service->has_process && !service->was_ready'
mutant service_aid service.c 'if (service->fatal_output >= 0)' 'if (false)'
mutant fatal_text fatal_text.c '(!stream->length_bytes || fatal_text_ends_with(stream, " "))' '!stream->length_bytes'
mutant fatal_text fatal_text.c 'if (fatal_text_escapes(stream, byte))' 'if (false)'
mutant health health.c 'health->misses = ok ? 0 : health->misses + 1;' 'health->misses++;'
mutant backoff backoff.c 'now_ms - oldest_ms <= limit_window_ms' 'now_ms - oldest_ms < limit_window_ms'
mutant backoff backoff.c 'window->count >= limit_count' 'window->count > limit_count'
mutant backoff backoff.c '(2 * spread_ms + 1) * random' '2 * spread_ms * random'
mutant backoff backoff.c 'max_ms : delay_ms * 2' 'max_ms : delay_ms * 3'
mutant order order.c 'wanted = wanted < count ? wanted : count;' 'if (wanted > count) continue;'
mutant words words.c "text[0] == '\$' && text[1] == '\$'" 'false'
mutant config_ini config_ini.c 'length > CONFIG_INI_LINE_BYTES)' 'length >= CONFIG_INI_LINE_BYTES)'
mutant config_ini config_ini.c 'strcmp(name, "main") == 0' 'false'
mutant config_ini config_ini.c 'if (old) {' 'if (false) {'
mutant config_ini config_ini.c 'source->skip_value = result != 0;' ''
mutant config_ini config_ini.c '(colon && colon < equals)' 'false'
mutant config config.c 'if (!result && base)' 'if (false)'
mutant config config.c 'builder->sources->is_root' 'false'
mutant config_environment config.c 'setting->rejected = builder->again = true;' 'setting->rejected = true;'
mutant config_environment config.c 'errors->dropped_count = form_dropped;' ''
mutant config_environment config.c 'strcmp(service_name, "auto-pair") == 0 && value' 'value'
mutant config_environment config_environment.c 'strlen(section->name) <= best' 'best'
mutant config_environment config_environment.c 'strncmp(rest, "PORT_", 5) == 0' 'false'
mutant config_environment config_environment.c 'strcmp(key, "env_unset") != 0 &&' ''
mutant config config_check.c 'place < 0 || strcmp(names->items[i], service->name) == 0' 'place < 0'
mutant config config_check.c '!services[i].enabled ||' ''
mutant config_environment config_check.c 'i % 2 ? other : service' 'service'
mutant config config_keys.c '.fallback = "45s"' '.fallback = "46s"'
mutant config_value config_value.c 'parse_count(text, 1, 65535, &port)' 'parse_count(text, 1, 65536, &port)'
mutant config_print config_print.c 'is_secret(key) ? "***" : value' 'value'
mutant config_print config_print.c 'stands_free && is_escape(value, length)' 'false'
mutant http_reply http_reply.c "code[0] == '0' || " ''
mutant lines lines.c 'length > room;' 'length >= room;'
mutant snapshot snapshot.c 'worst = one < worst ? one : worst;' 'worst = one;'
mutant service_env service_env.c '!is_ours_alone(*inherited) &&' ''
mutant settings settings.c 'if (joined)' 'if (false)'
mutant settings settings.c '!section->items[i].rejected && ' ''
mutant problems problems.c 'problems->dropped_count++;' ''
mutant notify_message notify_message.c 'line + length - value == 1 && ' ''
mutant signal_name signal_name.c 'strncasecmp(name, "SIG", 3) == 0' 'false'
mutant log_line log_line.c 'strcspn(at, "\"\\")' 'strcspn(at, "\\")'
mutant devices_json devices_json.c 'other->malformed = request->malformed = true;' 'request->malformed = true;'
mutant text ../util/text.c 'if (wanted > text->length_bytes - start)' 'if (false)'
mutant problems problems.c 'text_add_printable(&text, line, strlen(line), LINE_BYTES - 1)' 'text_add(&text, line)'
mutant auto_pair_json auto_pair_json.c ' || !utf8_is_printable(string, strlen(string))' ''
mutant request_json json.c 'cJSON_CreateRaw(digits)' 'cJSON_CreateNumber((double)value)'
mutant reply_json reply_json.c 'byte < 0x80 ? byte : 0xfffd' 'byte'
mutant parse ../util/parse.c 'value_ms - 1 < (double)max_ms' 'value_ms <= (double)max_ms'
mutant pairing_rules pairing_rules.c 'if (request->malformed)' 'if (false)'
mutant pairing_rules pairing_rules.c '!word_set_is_within(request->roles, rules->roles)' 'false'
mutant pairing_rules pairing_rules.c 'request->remote_ip[0] && !rules->allow_remote' 'request->remote_ip[0] && rules->allow_remote'
mutant pairing pairing_outcome.c 'refusals_add(&pairing->refusals, request->device_id, now_ms);' ''
mutant pairing pairing_outcome.c 'pairing->rejected++;' ''
mutant pairing pairing_outcome.c 'pairing->approved++;' ''
mutant pairing pairing_outcome.c '!request || request->shown.verdict != AUTO_PAIR_WAITING' '!request'
mutant pairing pairing_skip.c '!a->is_fresh && !b->is_fresh' 'true'
mutant pairing pairing_skip.c 'skip->was_changed ||' ''
mutant pairing pairing_skip.c '!look->is_watched ||' ''
mutant pairing pairing_skip.c 'now_ms - skip->known_ms >= skip->max_ms' 'false'
mutant pairing pairing_skip.c 'skip->is_off |= is_blind;' ''
mutant pairing pairing_skip.c 'is_unchanged(&skip->look, after)' 'true'
mutant pairing pairing.c '!pairing_table_has_open(&pairing->table)' 'true'
mutant pairing pairing.c '!pairing->is_asked &&' ''
mutant pairing_wake pairing_wake.c '2 * wake->distance_ms' 'wake->distance_ms'
mutant pairing_wake pairing_wake.c 'sum_ms > PAIRING_WAKE_BUDGET_MS' 'false'
mutant pairing_wake pairing_wake.c 'wake->seen_ms < wake->found_end_ms' 'false'
mutant nodes nodes.c 'node->last_seen_at_ms > node->last_connected_at_ms' 'false'
mutant nodes nodes.c 'age_ms(seen_at_ms, now_ms) < max_age_ms' 'age_ms(seen_at_ms, now_ms) <= max_age_ms'
mutant nodes nodes.c '!name && count > 1' 'count > 1'
mutant nodes nodes.c 'node->connected == 0 && since_ms' 'since_ms'
mutant nodes nodes_json.c 'cJSON_IsFalse(json_get(object, "ok")) ||' ''
mutant call_output call_output.c 'strcasestr(call->error_output, "gateway connect failed")' 'strcasestr(call->output, "gateway connect failed")'
echo "1..$count"
[ "$count" -gt 0 ] && [ "$failed" = 0 ]
