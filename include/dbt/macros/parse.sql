{# A layout's lines, dated: file, line, UTC time, and the columns still as text. #}
{% macro dated_lines(layout) %}
    {%- set times = fromjson(layout["timestamp_columns"]) -%}
    {%- set changes = fromjson(layout["clock_changes"]) -%}
    {%- set paths = [] -%}
    {%- for path in fromjson(layout["paths"]) -%}{%- do paths.append(literal(path)) -%}{%- endfor -%}
    select
        *,
        {{ utc("wall_clock", layout["utc_offset"], changes) }} as timestamp
    from (
        select
            *,
            {{ wall_clock(times, layout["date_format"]) }} as wall_clock
            {%- if changes %},
            {{ passes("wall_clock", changes) }}
            {%- endif %}
        from read_parquet([{{ paths | join(", ") }}], filename = true)
        where coalesce(list_contains(getvariable('landed_texts'), filename), true)
    )
{% endmacro %}

{# Date and time stand in one column or in two. Each part alone has few distinct texts, so each is parsed once a text. #}
{% macro wall_clock(columns, date_format) -%}
    {%- if columns | length == 2 -%}
        {%- set date_text = quoted(columns[0]) -%}{%- set time_text = "trim(" ~ quoted(columns[1]) ~ ")" -%}
    {%- else -%}
        {%- set date_text = "regexp_replace(" ~ quoted(columns[0]) ~ ", '[ T].*$', '')" -%}
        {%- set time_text = "trim(regexp_replace(" ~ quoted(columns[0]) ~ ", '^[^ T]*[ T]?', ''))" -%}
    {%- endif -%}
    strptime({{ date_text }}, {{ literal(date_format) }})::date + cast({{ time_text }} as time)
{%- endmacro %}

{#
The devices' clocks are set twice a year. In autumn an hour comes twice: within a file, the second pass begins where
time goes back or, in files that have one reading an hour, stands still. A file that begins inside that hour counts as
first pass. In spring an hour does not exist: a reading in it is taken as if the clock had not been set.
#}
{% macro passes(wall_clock, changes) -%}
    {%- set repeated = changes | selectattr("kind", "equalto", "repeated") | list -%}
    {%- if repeated -%}
    lag({{ wall_clock }}) over (partition by filename order by source_line) as previous_wall_clock,
    {%- endif -%}
    filename as clock_file
{%- endmacro %}

{# The plan knows the offsets: to ask a time zone for each line took a third of the time. #}
{% macro utc(wall_clock, utc_offset, changes) -%}
    {%- set offset -%}
        {%- if not changes -%}
        {{ utc_offset }}
        {%- else -%}
        case
            {%- for change in changes %}
            when {{ wall_clock }} < timestamp '{{ change["start"] }}' then {{ change["offset_before"] }}
            when {{ wall_clock }} < timestamp '{{ change["stop"] }}'
            {%- if change["kind"] == "repeated" %}
                then case when {{ second_pass(wall_clock, change) }} then {{ change["offset_after"] }} else {{ change["offset_before"] }} end
            {%- else %}
                then {{ change["offset_before"] }}
            {%- endif %}
            {%- endfor %}
            else {{ changes[-1]["offset_after"] }}
        end
        {%- endif -%}
    {%- endset -%}
    make_timestamptz(epoch_us({{ wall_clock }}) - 1000000::bigint * ({{ offset }}))
{%- endmacro %}

{% macro second_pass(wall_clock, change) -%}
    {%- set hour = "between timestamp '" ~ change["start"] ~ "' and timestamp '" ~ change["stop"] ~ "' - interval 1 microsecond" -%}
    {%- set inside = "previous_wall_clock " ~ hour ~ " and " ~ wall_clock ~ " " ~ hour -%}
    {%- set over = "over (partition by clock_file order by source_line rows unbounded preceding)" -%}
    (
        count_if({{ inside }} and {{ wall_clock }} < previous_wall_clock) {{ over }} > 0
        or (
            count_if({{ inside }} and {{ wall_clock }} < previous_wall_clock) over (partition by clock_file) = 0
            and count_if({{ inside }} and {{ wall_clock }} = previous_wall_clock) {{ over }} > 0
        )
    )
{%- endmacro %}

{# A number in the file's dialect, else null: the cast alone would take 'inf' and '1_000'; so few digits are always finite. #}
{% macro number(column, decimal_mark) -%}
    {%- set mark = "[.]" if decimal_mark == "." else "," -%}
    case
        when regexp_full_match(trim({{ column }}), '[+-]?[0-9]{1,99}({{ mark }}[0-9]*)?([eE][+-]?[0-9]{1,2})?')
            then try_cast({{ "replace(" ~ column ~ ", ',', '.')" if decimal_mark == "," else column }} as double)
    end
{%- endmacro %}

{# Whether a text stands for "no reading" in the file's dialect. (list_contains would become a join of all cells.) #}
{% macro is_null(layout) -%}
    {%- set tokens = ["''"] -%}
    {%- for token in fromjson(layout["null_tokens"]) -%}{%- do tokens.append(literal(token | upper)) -%}{%- endfor -%}
    case when number is null then list_position([{{ tokens | join(", ") }}], upper(trim(raw_value))) is not null else false end
{%- endmacro %}
