"""What hostile and careless people write, to put in the place of something else."""

from __future__ import annotations

CHARACTERS = (
    *r"""
:
#
'
"
'''
`
@
%
|
>
\
[
]
{
}
{{
}}
{{ $SET }}
{{ $UNSET }}
{{ $UNSET:-}}
{{ $A:-{{ $B }} }}
{{ step.out }}
{{ prefect.blocks.secret.x }}
{%
${X}
$SET
*a
&a *a
<<: *a
<<:
!!
::error::forged
%0A::error::forged
=
==
.
..
,
""".strip().split("\n"),
    "\x00",
    "\x07",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\x9b31m",
    "\xad",
    "\u200b",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\U000e0041",
    "\U0001f600",
    "\u0661",
    "\u0130",
    "\xdf",
    "e\u0301",
    "\r",
    "\r\n",
    "\n",
    "\n\n",
    "\t",
    " ",
    ": ",
    "- ",
    "? ",
    " #",
    '"""',
    "|-\n  ",
    "&a ",
    "!a ",
    "!!python/object/apply:os.system ",
    "!!binary ",
    "---\n",
    "...\n",
    "%YAML 3.0\n",
    "\nerror: forged; it was not\n",
)
"""For anywhere in any text."""

BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xc3(",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xf4\x90\x80\x80",
)
"""What is no UTF-8, or begins another encoding."""

SCALARS = (
    *r"""
~
null
true
yes
Off
0
1
-1
1.5
1.0
-0.0
.inf
.nan
1e400
1e9
999999999999999999
0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
0b1
017
0o17
1:30
1:1:1:1
1_000
2024-01-01
2024-02-30
0001-01-01
9999-12-31
2024-01-01T00:00:00Z
2024-01-01 25:00:00
9999-12-31T23:59:59-23:59
0001-01-01T00:00:00+14:00
=
<<
[]
{}
[1, a, ~]
{a: 1}
[[[]]]
[{}, {}]
{? [a] : b}
{1: a}
{true: a}
{~: a}
{a: 1, a: 2}
&x [*x]
&x {<<: *x}
{<<: [1]}
{<<: {a: 1}, <<: {a: 2}}
*undefined
!!binary aGk=
!!set {a}
!a b
!!omap [a: 1]
!!python/name:os.system
!!int x
!!float x
!!timestamp x
!!bool x
!!null x
!!str 1
!!str [a]
!!map []
!!seq {}
! 1
"\e[31m"
"\N"
"\L"
"a\nerror: b"
"\u202egpj"
"\ud800"
"\x9b"
"\0"
"\ufeff"
"\U000E0041"
""
' '
'{{ $SET }}'
'{{ $UNSET }}'
'{{ $UNSET:-x }}'
'{{ a.b[0] }}'
'a{{ $SET }}b'
'{{ prefect.variables.x }}'
P1D
PT1H
PT0S
-PT1H
P9999999999D
1e-9
01:00:00
@daily
'* * * * *'
'99 * * * *'
'* * * * * *'
'0 0 31 2 *'
FREQ=DAILY
FREQ=SECONDLY;COUNT=99999999
FREQ=DAILY;UNTIL=0
FREQ=
Europe/Paris
Mars/Olympus
../../etc/passwd
/etc/hosts
UTC+25
a.b:c
a:b:c
:
a/b
flows/etl.py:
:etl
flows/etl.py:etl.x
C:\x.py:f
postgresql://user:hunter2@host/db
00000000-0000-0000-0000-000000000000
nightly
etl
CANCEL_NEW
'error: forged; it was not'
'::error::forged'
[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
""".strip().split("\n"),
    "",
    "9" * 400,
    "9" * 5000,
    "'DTSTART:20240101T000000\nRRULE:FREQ=DAILY'",
    "x" * 3000,
    "[" * 120 + "]" * 120,
)
"""Values of YAML, of all types and of none."""

KEYS = (
    *r"""
name
flow
flow_id
flow_name
kind
entrypoint
description
version
tags
labels
path
pull_steps
parameters
enforce_parameter_schema
parameter_openapi_schema
job_variables
work_pool_name
work_queue_name
work_pool
concurrency_limit
concurrency_options
paused
schedules
schedule
slug
cron
interval
rrule
anchor_date
timezone
day_or
active
max_scheduled_runs
deployments
definitions
build
pull
push
triggers
sla
docker_image
<<
=
1
true
~
''
"a b"
'{{ $SET }}'
"\e[31m"
"\N"
"\u202e"
"a\nerror: b"
limit
collision_strategy
grace_period_seconds
image
env
password
Name
corn
targets
values
defaults
default_target
overlays
paths
name_prefix
name_suffix
api_url
profile
entrypoint_root
owner
dev
prod
targets.prod.x
a.a.a
__class__
constructor
""".strip().split("\n"),
    "k" * 500,
)
"""Keys of all dialects, and what is none."""

TOML = (
    *r"""
1
1.5
inf
nan
true
""
''
"x"
'''a'''
[]
{}
[1, 'a']
[[]]
{a = 1}
{a.b = 1}
1979-05-27
07:32:00
1979-05-27T07:32:00Z
0x1F
9999999999999999999
"\u202e"
"\u001b[31m"
"\u0085"
"\n"
"\ud800"
"\q"
x
"../../x"
"/etc"
"**"
"teams/*"
"[a"
"~"
"a\u0000b"
"{{ $SET }}"
"{{ $UNSET }}"
["overlays/prod"]
["overlays/prod", "overlays/prod"]
["gone"]
"http://u:p@h/api"
"ftp://x"
"dev"
""".strip().split("\n"),
    '"""\na\n"""',
    "9" * 5000,
    "",
    "[" * 150 + "]" * 150,
)
"""Values of TOML, and what is none."""

PYTHON = (
    *r"""
int
str | None
list[int]
dict[str, 'X']
Optional[X]
Literal['a', 1]
Annotated[int, 1]
...
pydantic.BaseModel
datetime.date
*args
**kwargs
/
*
x=1
x: int = None
lambda: 0
f'{x}'
b'x'
1j
{}
[]
(1, 2)
{1: 2}
-1
1e400
float('nan')
'\d'
@flow
@flow(name='x')
@flow(name=f'{x}')
@flow(name=NAME)
@task
async def
class
import x
from x import *
if True:
try:
return
yield
# coding: latin-1
\
;
(
name='\x1b[31m'
name='\u2028'
name=''
name='\ud800'
name=1
description=2
[x for x in y]
x if y else z
await x
(yield)
__import__('os').system('x')
""".strip().split("\n"),
    "9" * 400,
    "9" * 5000,
    "@flow\n@flow",
    '"""',
    "(" * 300,
    "x" * 3000,
    "-" * 3000 + "1",
    "x" + ".x" * 3000,
    "+".join("1" * 3000),
    "not " * 3000 + "x",
)
"""Pieces of Python."""
