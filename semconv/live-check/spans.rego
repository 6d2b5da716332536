# Weaver 0.25 compares attributes, metrics and events with the registry, but a span is never matched with its span
# definition. These rules do that, from the definitions in the registry (OpenTelemetry's and ours), which advice.jq hands in.
# Span events and links of ours are held against theirs in the same way.
#   violation: span_kind, span_name, {span,event,link}_attribute_missing, {span,event,link}_attribute_unexpected
#   improvement: span_undefined, span_event_undefined (a tracked event bears the app's own name)
package live_check_advice

import rego.v1

span := input.sample.span

value[name] := v if {
	some a in span.attributes
	name := a.name
	v := a.value
}

# OpenTelemetry's definitions for this operation: span.gen_ai.<operation>.<kind>, inference for the model calls.
family := "inference" if value["gen_ai.operation.name"] in {"chat", "generate_content", "text_completion"}

else := value["gen_ai.operation.name"]

standard contains d if {
	some d in data.spans
	startswith(d.id, sprintf("span.gen_ai.%s.", [family]))
}

# Ours: the one whose pattern fits the span's name.
own contains d if {
	some d in data.spans
	d.match
	regex.match(d.match, span.name)
}

# The definitions to hold the span against: ours, and the standard one of the same kind.
held contains d if some d in own

held contains d if {
	some d in standard
	d.kind == span.kind
}

span_finding(id, level, context, message) := {
	"type": "advice",
	"advice_type": id,
	"advice_level": level,
	"advice_context": context,
	"signal_type": "span",
	"signal_name": span.name,
	"message": message,
}

deny contains span_finding("span_undefined", "improvement", {"span_name": span.name}, message) if {
	count(own) == 0
	count(standard) == 0
	message := sprintf("Span '%s' fits no span definition.", [span.name])
}

deny contains span_finding("span_kind", "violation", {"span_kind": span.kind, "definition": d.id}, message) if {
	some d in own
	d.kind != span.kind
	message := sprintf("Span '%s' is %s, %s says %s.", [span.name, span.kind, d.id, d.kind])
}

deny contains span_finding("span_kind", "violation", {"span_kind": span.kind, "definition": kinds}, message) if {
	count(standard) > 0
	kinds := {d.kind | some d in standard}
	not span.kind in kinds
	message := sprintf("Span '%s' is %s, the standard knows %s as %v.", [span.name, span.kind, family, kinds])
}

# A required attribute that is not there. Where our definition names the deviation with a reason, it is only a notice.
deny contains span_finding("span_attribute_missing", level, {"attribute_key": name, "definition": d.id}, message) if {
	some d in held
	some name, "required" in d.attributes
	not name in object.keys(value)
	reasons := {r | some o in own; r := o.deviates[name]}
	level := deviation_level(reasons)
	message := trim_space(sprintf("Span '%s': %s requires '%s'. %s", [span.name, d.id, name, concat("; ", reasons)]))
}

deviation_level(reasons) := "information" if count(reasons) > 0

deviation_level(reasons) := "violation" if count(reasons) == 0

deny contains span_finding("span_attribute_missing", "violation", {"attribute_key": name, "definition": d.common}, message) if {
	some d in own
	some name, "required" in data.groups[d.common]
	not name in object.keys(value)
	message := sprintf("Span '%s': %s requires '%s'.", [span.name, d.common, name])
}

# An attribute that the span's definition does not list, though the registry may know it.
deny contains span_finding("span_attribute_unexpected", "violation", {"attribute_key": name}, message) if {
	count(own) > 0
	some name in object.keys(value)
	listed := {n | some d in held; some n in object.keys(d.attributes)} | {n | some d in own; some n in object.keys(data.groups[d.common])}
	not name in listed
	not under_template(name, listed)
	message := sprintf("Span '%s': no definition of this span lists '%s'.", [span.name, name])
}

under_template(name, listed) if {
	some t in data.templates
	t in listed
	startswith(name, sprintf("%s.", [t]))
}

# The span's name: what is missing counts as nothing ("invoke_workflow" without a workflow name).
part(p) := p.text

part(p) := object.get(value, p.attribute, "") if p.attribute

deny contains span_finding("span_name", "violation", {"span_name": span.name, "definition": d.id}, message) if {
	some d in held
	name := trim_space(concat("", [part(p) | some p in d.name]))
	name != ""
	name != span.name
	message := sprintf("Span '%s': %s asks for the name '%s'.", [span.name, d.id, name])
}

# What a definition requires "if the operation ended in an error".
deny contains span_finding("span_attribute_missing", "violation", {"attribute_key": "error.type", "definition": d.id}, message) if {
	some d in held
	span.status.code == "error"
	d.attributes["error.type"] == "conditionally_required"
	not value["error.type"]
	message := sprintf("Span '%s' failed: %s requires 'error.type'.", [span.name, d.id])
}

# Span events. One of ours (`baton.*`) carries what its definition lists, and nothing else.
event := input.sample.span_event

part_finding(id, level, context, message) := {
	"type": "advice",
	"advice_type": id,
	"advice_level": level,
	"advice_context": context,
	"message": message,
}

deny contains part_finding("span_event_undefined", level, {"event_name": event.name}, message) if {
	not data.events[event.name]
	level := undefined_event_level
	message := sprintf("Span event '%s' is not defined.", [event.name])
}

undefined_event_level := "violation" if startswith(event.name, "baton.")

else := "improvement"

deny contains part_finding("event_attribute_missing", "violation", {"attribute_key": name}, message) if {
	startswith(event.name, "baton.")
	some name, "required" in data.events[event.name]
	not name in {a.name | some a in event.attributes}
	message := sprintf("Span event '%s' requires '%s'.", [event.name, name])
}

deny contains part_finding("event_attribute_unexpected", "violation", {"attribute_key": a.name}, message) if {
	startswith(event.name, "baton.")
	some a in event.attributes
	not a.name in object.keys(data.events[event.name])
	message := sprintf("Span event '%s': its definition does not list '%s'.", [event.name, a.name])
}

# Links: the group attributes.baton.link, which has no span of its own.
link := input.sample.span_link

link_levels := data.groups["attributes.baton.link"]

deny contains part_finding("link_attribute_missing", "violation", {"attribute_key": name}, message) if {
	link
	some name, "required" in link_levels
	not name in {a.name | some a in link.attributes}
	message := sprintf("Span link requires '%s'.", [name])
}

deny contains part_finding("link_attribute_unexpected", "violation", {"attribute_key": a.name}, message) if {
	some a in link.attributes
	not a.name in object.keys(link_levels)
	message := sprintf("Span link: '%s' does not belong on a link.", [a.name])
}
