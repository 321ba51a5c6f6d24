{# The columns together name a row: none is empty, and no two rows have the same. #}
{% test key(model, columns) %}
    select {{ columns | join(", ") }}
    from {{ model }}
    group by all
    having count(*) > 1 or {{ columns | join(" is null or ") }} is null
{% endtest %}
