-- A list of documents does not look at the trash: what is there is in the order of the list, and what was thrown away is in no page of it.
CREATE INDEX project_documents_live ON project_documents (workspace_id, project_id, created_at_ms, id)
    WHERE deleted_at_ms IS NULL;
