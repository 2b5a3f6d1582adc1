/// The five characters that name a condition.
struct SQLState {
    var code: String

    /// The state in a line of libpq's verbose errors: `FATAL: 28P01: password authentication failed …`, in any
    /// language.
    init?(verboseLine line: Substring) {
        let fields = line.split(separator: ":").map { $0.trimmingPrefix(while: \.isWhitespace) }
        guard let code = fields.dropFirst().first(where: Self.isCode) else { return nil }
        self.code = String(code)
    }

    private static func isCode(_ text: Substring) -> Bool {
        text.utf8.count == 5 && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            && text.utf8.contains { (48...57).contains($0) }
    }

    /// Whether messages of the state's class name objects, settings and states of the server, never a value of a row:
    /// connection, transaction state, authentication, unknown database or schema, serialization, syntax and privileges,
    /// resources, object state, operator intervention, system, internal.
    static func namesObjectsOnly(_ state: String) -> Bool {
        ["08", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "XX"].contains(state.prefix(2))
    }

    /// PostgreSQL's name of a state, or of its class.
    static func conditionName(_ state: String) -> String? {
        conditions[state] ?? conditions[state.prefix(2) + "000"]
    }

    /// Names as in PL/pgSQL, of the conditions that a client of tables can meet.
    private static let conditions: [String: String] = Dictionary(
        uniqueKeysWithValues: table.split(separator: "\n").map { line in
            (String(line.prefix(5)), String(line.dropFirst(6)))
        })

    private static let table = """
        08000 connection_exception
        08001 sqlclient_unable_to_establish_sqlconnection
        08003 connection_does_not_exist
        08004 sqlserver_rejected_establishment_of_sqlconnection
        08006 connection_failure
        08007 transaction_resolution_unknown
        08P01 protocol_violation
        0A000 feature_not_supported
        21000 cardinality_violation
        22001 string_data_right_truncation
        22003 numeric_value_out_of_range
        22004 null_value_not_allowed
        22007 invalid_datetime_format
        22008 datetime_field_overflow
        2200B escape_character_conflict
        22010 invalid_indicator_parameter_value
        22011 substring_error
        22012 division_by_zero
        22013 invalid_preceding_or_following_size
        22014 invalid_argument_for_ntile_function
        22015 interval_field_overflow
        22016 invalid_argument_for_nth_value_function
        22018 invalid_character_value_for_cast
        22019 invalid_escape_character
        2201B invalid_regular_expression
        2201E invalid_argument_for_logarithm
        2201F invalid_argument_for_power_function
        2201G invalid_argument_for_width_bucket_function
        2201W invalid_row_count_in_limit_clause
        2201X invalid_row_count_in_result_offset_clause
        22021 character_not_in_repertoire
        22022 indicator_overflow
        22023 invalid_parameter_value
        22024 unterminated_c_string
        22025 invalid_escape_sequence
        22026 string_data_length_mismatch
        22027 trim_error
        2202E array_subscript_error
        2202G invalid_tablesample_repeat
        2202H invalid_tablesample_argument
        22P01 floating_point_exception
        22P02 invalid_text_representation
        22P03 invalid_binary_representation
        22P04 bad_copy_file_format
        22P05 untranslatable_character
        22P06 nonstandard_use_of_escape_character
        22P07 datum_version_mismatch
        23000 integrity_constraint_violation
        23001 restrict_violation
        23502 not_null_violation
        23503 foreign_key_violation
        23505 unique_violation
        23514 check_violation
        23P01 exclusion_violation
        25000 invalid_transaction_state
        25001 active_sql_transaction
        25002 branch_transaction_already_active
        25003 inappropriate_access_mode_for_branch_transaction
        25004 inappropriate_isolation_level_for_branch_transaction
        25005 no_active_sql_transaction_for_branch_transaction
        25006 read_only_sql_transaction
        25007 schema_and_data_statement_mixing_not_supported
        25008 held_cursor_requires_same_isolation_level
        25P01 no_active_sql_transaction
        25P02 in_failed_sql_transaction
        25P03 idle_in_transaction_session_timeout
        28000 invalid_authorization_specification
        28P01 invalid_password
        2D000 invalid_transaction_termination
        3D000 invalid_catalog_name
        3F000 invalid_schema_name
        40000 transaction_rollback
        40001 serialization_failure
        40002 transaction_integrity_constraint_violation
        40003 statement_completion_unknown
        40P01 deadlock_detected
        42000 syntax_error_or_access_rule_violation
        42501 insufficient_privilege
        42601 syntax_error
        42602 invalid_name
        42611 invalid_column_definition
        42622 name_too_long
        42701 duplicate_column
        42702 ambiguous_column
        42703 undefined_column
        42704 undefined_object
        42710 duplicate_object
        42712 duplicate_alias
        42723 duplicate_function
        42725 ambiguous_function
        42803 grouping_error
        42804 datatype_mismatch
        42809 wrong_object_type
        42830 invalid_foreign_key
        42846 cannot_coerce
        42883 undefined_function
        428C9 generated_always
        42939 reserved_name
        42P01 undefined_table
        42P02 undefined_parameter
        42P03 duplicate_cursor
        42P04 duplicate_database
        42P05 duplicate_prepared_statement
        42P06 duplicate_schema
        42P07 duplicate_table
        42P08 ambiguous_parameter
        42P09 ambiguous_alias
        42P10 invalid_column_reference
        42P11 invalid_cursor_definition
        42P12 invalid_database_definition
        42P13 invalid_function_definition
        42P14 invalid_prepared_statement_definition
        42P15 invalid_schema_definition
        42P16 invalid_table_definition
        42P17 invalid_object_definition
        42P18 indeterminate_datatype
        42P19 invalid_recursion
        42P20 windowing_error
        42P21 collation_mismatch
        42P22 indeterminate_collation
        44000 with_check_option_violation
        53000 insufficient_resources
        53100 disk_full
        53200 out_of_memory
        53300 too_many_connections
        53400 configuration_limit_exceeded
        54000 program_limit_exceeded
        54001 statement_too_complex
        54011 too_many_columns
        54023 too_many_arguments
        55000 object_not_in_prerequisite_state
        55006 object_in_use
        55P02 cant_change_runtime_param
        55P03 lock_not_available
        55P04 unsafe_new_enum_value_usage
        57000 operator_intervention
        57014 query_canceled
        57P01 admin_shutdown
        57P02 crash_shutdown
        57P03 cannot_connect_now
        57P04 database_dropped
        57P05 idle_session_timeout
        58000 system_error
        58030 io_error
        58P01 undefined_file
        58P02 duplicate_file
        P0000 plpgsql_error
        P0001 raise_exception
        P0002 no_data_found
        P0003 too_many_rows
        P0004 assert_failure
        XX000 internal_error
        XX001 data_corrupted
        XX002 index_corrupted
        """
}
