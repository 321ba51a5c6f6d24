{#
Materialization: one Parquet file per batch of the plan table `config.batches`.

Each row of the plan is bound, column by column, as a DuckDB variable that the model reads with getvariable(). So
history of any length is built in the memory of one batch, and only the batches that changed are built. The relation
left behind is a view over what was written. Where no batch is planned, a model that `may_be_idle` writes nothing, and
another an empty file.
#}
{% materialization parquet_batches, adapter="duckdb" %}
    {%- set target = this.incorporate(type="view") -%}
    {%- set plan_table = plan(config.require("batches")) -%}
    {%- set plan_rows = run_query("select * from " ~ plan_table ~ " order by batch") -%}
    {#- not run_hooks(): its transaction would keep the memory of every batch to its end -#}
    {%- for hook in pre_hooks -%}{%- do run_query(render(hook.get("sql"))) -%}{%- endfor -%}
    {%- set paths = [] -%}
    {%- for batch in plan_rows.columns["batch"].values() or ([] if config.get("may_be_idle") else ["nothing"]) -%}
        {%- do paths.append(built(model.name, batch)) -%}
        {%- set bindings -%}
            set variable batch = {{ literal(batch) }};
            set variable planned = (select planned from {{ plan_table }} as planned where batch = getvariable('batch'));
            {%- for column in plan_rows.column_names if column != "batch" %}
            set variable {{ column }} = getvariable('planned').{{ quoted(column) }};
            {%- endfor -%}
        {%- endset -%}
        {%- set rows = model.name ~ "_batch" if config.get("same_bytes") else "(" ~ sql ~ ")" -%}
        {%- set build -%}
            {%- if config.get("same_bytes") %}
            {#- computed on all threads, written by one: with several, the dictionaries of enums come out as different bytes #}
            create or replace temp table {{ rows }} as {{ sql }};
            {%- endif %}
            {%- if config.get("same_bytes") or config.get("in_order") %}
            set threads = 1;
            {%- endif %}
            copy {{ rows }} to {{ literal(built(model.name, batch)) }}
                (format parquet, compression {{ config.get("compression", "zstd") }}, {{ var("parquet") }},
                {#- to seek dictionaries where there are none took a sixth of the writing; rows are in order, which tells more than bloom filters #}
                dictionary_size_limit 4096, write_bloom_filter false);
            reset threads;
        {%- endset -%}
        {%- do run_query(bindings ~ build) -%}
    {%- endfor -%}
    {%- if config.get("same_bytes") %}{% do run_query("drop table if exists " ~ model.name ~ "_batch") %}{% endif -%}
    {% call statement("main") -%}
        create or replace view {{ target }} as
        {% if paths -%}
            select * from read_parquet({{ literals(paths) }})
        {%- else -%}
            select {% for column in model.columns.values() %}null::{{ column.data_type }} as {{ column.name }}{{ ", " if not loop.last }}{% endfor %} where false
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}

{# Materialization: one Parquet file, whatever is planned. dbt-duckdb's own pastes its path into SQL. #}
{% materialization parquet_file, adapter="duckdb" %}
    {%- set target = this.incorporate(type="view") -%}
    {{ run_hooks(pre_hooks) }}
    {%- set rows = model.name ~ "_rows" -%}
    {%- do run_query("create or replace temp table " ~ rows ~ " as " ~ sql) -%}
    {%- do run_query("copy " ~ rows ~ " to " ~ literal(built(model.name)) ~ " (format parquet); drop table " ~ rows) -%}
    {% call statement("main") -%}
        create or replace view {{ target }} as select * from read_parquet({{ literals([built(model.name)]) }})
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}
