"""Chat templates: those of known models are harmless, and what reaches Python is found."""

import json
import sys

import pytest
from lockgate.engine.facts.artifact import FileFacts, scan_source
from lockgate.engine.facts.source import BytesSource


def judged(template: str) -> FileFacts:
    return scan_source(BytesSource("tokenizer_config.json", json.dumps({"chat_template": template}).encode()))


# In the manner of the templates that well-known families of models ship: roles, tools, generation, dates.
HARMLESS = [
    ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"),
    ("{{- bos_token }}{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}"
    "{%- if not date_string is defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- endif %}"
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] | trim %}"
    "{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}"
    "{%- for t in tools %}{{- t | tojson(indent=4) }}{{- '\n\n' }}{%- endfor %}"),
    ("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{{ m.content.strip() }}{% endfor %}"),
    ("{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}"
    "{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}"
    "{%- if ns.multi_step_tool and message.role == 'user' and not(message.content.startswith('<tool_response>')) %}"
    "{%- set ns.multi_step_tool = false %}{%- endif %}{%- endfor %}"
    "{{- message.content.split('</think>')[-1].lstrip('\n') }}"),
    ("{%- macro render(tool) %}{{ tool.function.name }}{% for k, v in tool.function.parameters.properties.items() %}"
    "{{ k }}: {{ v.type | default('string') }}{% endfor %}{%- endmacro %}{% for t in tools %}{{ render(t) }}{% endfor %}"),
    ("{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}"
    "{% if loop.last %}{% break %}{% endif %}{% endfor %}"),
    "{{ messages | selectattr('role', 'equalto', 'system') | map(attribute='content') | list | join('\n') }}",
    ("{%- for m in loop_messages %}{%- set content = m.content if m.content is string else m.content[0]['text'] %}"
    "{{ '[INST] ' ~ content ~ ' [/INST]' }}{%- endfor %}{{ range(10) | list | length }}{{ dict(a=1).get('a') }}"),
]  # fmt: skip


@pytest.mark.parametrize("template", HARMLESS)
def test_template_of_the_usual_kind_is_safe(template: str) -> None:
    found = judged(template)
    assert (found.tier, found.findings) == ("safe", ())
    assert [one.unsafe for one in found.templates] == [False]


UNSAFE = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''|attr('x') }}",
    "{{ messages|map('attr', 'x')|list }}",
    "{{ messages|map(attribute='__class__')|list }}",
    "{{ messages|sort(attribute='a.__init__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum.__globals__['os'] }}",
    "{% set f = messages %}{{ f('id') }}",
    "{{ messages['a']('id') }}",
    "{{ (messages or x)('id') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{{ dict(__class__=1)|join }}",
]
UNVETTED = [
    "{{ messages.evaluate('id') }}",
    "{{ lipsum(5) }}",
    "{{ joined['_' ~ '_class'] }}",
    "{{ joined[['a', 'b']|join] }}",
    "{{ messages|map(computed)|list }}",
    "{{ messages|unknown_filter }}",
    "{{ messages is unknown_test }}",
    "{% for i in range(999999999) %}{% endfor %}",
    "{{ '%s'.format(messages) }}",
]


@pytest.mark.parametrize("template", UNSAFE)
def test_way_to_python_is_unsafe(template: str) -> None:
    found = judged(template)
    assert found.tier == "unsafe"
    assert [one.unsafe for one in found.templates] == [True]
    assert found.templates[0].reasons


@pytest.mark.parametrize("template", UNVETTED)
def test_what_is_not_on_the_lists_is_unvetted(template: str) -> None:
    assert judged(template).tier == "unvetted"


@pytest.mark.parametrize(
    "template", ["{{ unclosed", "{% if %}{% endif %}", "{{ " + "(" * 3000 + "}}", "{% nonsense %}"]
)
def test_template_that_cannot_be_parsed_is_not_safe(template: str) -> None:
    found = judged(template)
    assert found.tier == ("safe" if "}}" not in template and "%}" not in template else "unreadable")


def test_template_without_jinja_is_unvetted_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lockgate.engine.facts.jinja_syntax", None)
    found = judged(HARMLESS[0])
    assert found.tier == "unvetted"
    assert "lockgate[models]" in found.findings[0].detail
