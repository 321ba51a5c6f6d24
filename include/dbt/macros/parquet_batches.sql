{#
Materialization: one Parquet file per batch of the plan table `config.batches`.

Each row of the plan is bound, column by column, as a DuckDB variable that the model reads with getvariable(). So
history of any length is built in the memory of one batch, and only the batches that changed are built. The relation
left behind is a view over what was written.
#}
{% materialization parquet_batches, adapter="duckdb" %}
    {%- set target = this.incorporate(type="view") -%}
    {%- set plan_table = plan(config.require("batches")) -%}
    {%- set plan_rows = run_query("select * from " ~ plan_table ~ " order by batch") -%}
    {{ run_hooks(pre_hooks) }}
    {%- for batch in plan_rows.columns["batch"].values() or ["nothing"] -%}
        {%- set bindings -%}
            set variable batch = {{ literal(batch) }};
            {%- for column in plan_rows.column_names if column != "batch" %}
            set variable {{ column }} = (select {{ column }} from {{ plan_table }} where batch = getvariable('batch'));
            {%- endfor -%}
        {%- endset -%}
        {%- do run_query(bindings) -%}
        {#- with several threads, equal rows can come out as different bytes: runs of equal texts are cut where threads meet -#}
        {%- do run_query("set threads = 1" if config.get("same_bytes") else "reset threads") -%}
        {%- do run_query(
            "copy (" ~ sql ~ ") to " ~ literal(built(model.name, batch)) ~ " (format parquet, compression "
            ~ config.get("compression", "zstd") ~ ", parquet_version v2, row_group_size 122880)"
        ) -%}
    {%- endfor -%}
    {%- do run_query("reset threads") -%}
    {% call statement("main") -%}
        create or replace view {{ target }} as select * from read_parquet({{ literal(built(model.name, "*")) }})
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}
