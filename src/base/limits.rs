//! Every limit on a size that comes from outside, in one place. Units stand last in the names.

/// Longest rule that the service stores, in UTF-16 code units of the raw text, blanks included.
/// Source: the membership rules page of Microsoft Entra (3,072 characters).
pub const RULE_LENGTH_MAX_UTF16: usize = 3_072;

/// Longest rule text that is read at all, in bytes. Between this and [`RULE_LENGTH_MAX_UTF16`] the
/// length is reported and the rule is still checked for other mistakes.
pub const RULE_TEXT_MAX_BYTES: usize = 1 << 20;

/// Deepest tree of `and`, `or`, `not` and quantifiers. Parentheses that only wrap and `-not` behind `-not`
/// do not count: each level needs a condition of its own, and no accepted rule within the length limit
/// holds enough of them.
pub const TREE_DEPTH_MAX_LEVELS: usize = 256;

/// Most group ids in one `memberOf` rule. Source: the `memberOf` page of Microsoft Entra.
pub const MEMBER_OF_MAX_GROUPS: usize = 50;

/// Most findings reported for one rule; a further one says that there are more.
pub const DIAGNOSTICS_PER_RULE_MAX: usize = 50;

/// Steps that the back-tracking regex engine may take on one value before that value's evaluation
/// is reported as an error.
pub const REGEX_BACKTRACK_MAX_STEPS: usize = 1_000_000;

/// Largest compiled form of one linear-time regex, in bytes.
pub const REGEX_COMPILED_MAX_BYTES: usize = 10 << 20;

/// Most bytes of one automaton that several patterns share. Larger ones would not stay in a core's cache.
pub const REGEX_SET_MAX_BYTES: usize = 1 << 20;

/// Longest regex, in bytes. Ten times what fits into a rule.
pub const REGEX_PATTERN_MAX_BYTES: usize = 32 << 10;

/// Deepest nesting of parentheses and subtracted classes in a regex.
pub const REGEX_NESTING_MAX_LEVELS: usize = 100;

/// Most instructions of a regex that the back-tracking engine runs.
pub const REGEX_BACKTRACK_MAX_INSTRUCTIONS: usize = 50_000;

/// Longest text made up to match a regex, in characters.
pub const REGEX_SAMPLE_MAX_CHARACTERS: usize = 1_000;

/// Largest file that is read as text (rules, groups, configuration, CSV and JSON tenants), in bytes.
pub const FILE_MAX_BYTES: u64 = 8 << 30;

/// Largest file that holds rules to check (`check`, `fmt`, `test`), in bytes.
pub const RULE_FILE_MAX_BYTES: u64 = 512 << 20;

/// Deepest nesting of arrays and objects in a JSON document. `serde_json` enforces it.
pub const JSON_DEPTH_MAX_LEVELS: usize = 128;

/// Most dynamic groups, dynamic administrative units and auto-assignment policies of one tenant
/// together. Source: the service limits page of Microsoft Entra.
pub const DYNAMIC_GROUPS_MAX: usize = 15_000;

/// Most errors reported for one data file. Further ones are counted and not listed.
pub const DATA_ERRORS_PER_FILE_MAX: usize = 20;

/// Longest piece of a value that an error message repeats, in characters.
pub const EXCERPT_MAX_CHARS: usize = 60;

/// Records that one worker reads before it takes the next batch: large enough that the names of the
/// fields are looked up once for many records, small enough that all workers have work.
pub const BATCH_MAX_RECORDS: usize = 512;

/// Least and most bytes of a data file that one worker reads into columns before it takes the next
/// piece. The columns of the largest piece stay in the cache of a core.
pub const CHUNK_MIN_BYTES: usize = 256 << 10;
/// See [`CHUNK_MIN_BYTES`].
pub const CHUNK_MAX_BYTES: usize = 4 << 20;

/// Most rows of a Parquet column that are decoded at once. Text that is no dictionary is decoded in
/// smaller steps, because a step must not hold more than 2 GiB.
pub const PARQUET_BATCH_MAX_ROWS: usize = 1 << 20;
/// See [`PARQUET_BATCH_MAX_ROWS`].
pub const PARQUET_TEXT_BATCH_MAX_ROWS: usize = 1 << 16;

/// Most changes of memberships that are formatted at once, in pieces of at most so many, one for a
/// worker. A change takes up to 400 bytes in the audit.
pub const DELTA_BATCH_MAX_ROWS: usize = 1 << 17;
/// See [`DELTA_BATCH_MAX_ROWS`].
pub const DELTA_PIECE_MAX_ROWS: usize = 1 << 12;

/// Most changes in one row group of a Parquet file of membership deltas. Its columns are in memory until
/// it is full.
pub const DELTA_PARQUET_GROUP_MAX_ROWS: usize = 1 << 20;

/// Most bytes that the distinct ids of one such row group may take as a dictionary; those of as many
/// GUIDs as it has rows fit.
pub const DELTA_PARQUET_DICTIONARY_MAX_BYTES: usize = 64 << 20;

/// Most file names that the message about an incomplete folder lists.
pub const FOLDER_EXCERPT_MAX_FILES: usize = 12;

/// Of how many objects one may have changed for a run to look at the changed ones one by one: from about this
/// share on it is quicker to look at all of them together.
pub const CHANGED_SHARE_MAX: u64 = 8;

/// Most users, and most devices, that `synth` makes up.
pub const SYNTH_OBJECTS_MAX: u64 = 100_000_000;

/// Largest `policy.toml`, in bytes. It has at most a table for each group.
pub const POLICY_FILE_MAX_BYTES: u64 = 64 << 20;

/// Largest file of approved changes, in bytes: three guards of each of the groups that a tenant can have
/// take about a third of it.
pub const APPROVAL_FILE_MAX_BYTES: u64 = 256 << 20;

/// Largest share that a policy can give, one being all: larger ones are no limit.
pub const SHARE_MAX: u64 = 1_000_000;

/// Most members, and most groups, that the report about a stopped run names for each guard.
pub const GUARD_SAMPLE_MAX: usize = 5;
/// Most different predicates of two rules together for which all their combinations are tried, to prove
/// how the rules stand to each other: 2 to this power are tried at once.
pub const PROOF_MAX_PREDICATES: usize = 12;

/// Most groups that a finding about contained members names, the smallest ones.
pub const CONTAINERS_PER_GROUP_MAX: usize = 3;

/// The largest share of all objects, in percent, that a group may hold to be named as one that contains
/// another: nearly every group lies within those of nearly everybody.
pub const CONTAINER_MAX_PERCENT: u64 = 50;

/// From so many members on it is worth a finding that they all are in another group too, where that is
/// not proved whatever the data. Fewer are there by chance.
pub const CONTAINED_MIN_MEMBERS: u64 = 5;

/// Most groups that a finding about equal members names.
pub const TWINS_PER_GROUP_MAX: usize = 5;

/// Most groups with equal members for which a proof is tried that they are equal whatever the data.
pub const TWIN_PROOFS_MAX: usize = 20;

/// Most values of one rule that nobody has which are listed; the others are counted.
pub const ABSENT_VALUES_PER_RULE_MAX: usize = 10;

/// Most different values of an attribute among which a similar one is searched for.
pub const SIMILAR_AMONG_MAX_VALUES: usize = 100_000;

/// Literals of rules that are looked for at once. Each of them has a bitmap of those who have it.
pub const LITERALS_AT_ONCE_MAX: usize = 1_000;

/// Most conditions of a rule that is proposed for a list of members, and how many there are by default.
pub const PROPOSAL_MAX_TERMS: usize = 8;
/// See [`PROPOSAL_MAX_TERMS`].
pub const PROPOSAL_USUAL_TERMS: usize = 3;

/// Most values of an `-in` list of a rule that is proposed.
pub const PROPOSAL_LIST_MAX_VALUES: usize = 10;

/// Most single conditions that are kept while rules for a list of members are searched for.
pub const PROPOSAL_MAX_CONDITIONS: usize = 120;

/// Most conjunctions that are followed at once while rules for a list of members are searched for.
pub const PROPOSAL_BEAM_MAX_CONJUNCTIONS: usize = 12;

/// Most alternatives that a proposed rule joins with `-or`.
pub const PROPOSAL_MAX_ALTERNATIVES: usize = 3;

/// Most members whose values are looked at for beginnings and ends that they share.
pub const PROPOSAL_SAMPLE_MAX_MEMBERS: usize = 10_000;

/// Most proposals that may be asked for.
pub const PROPOSALS_MAX: usize = 20;

/// Longest time for which a policy can keep licenses after their reason has gone, in days.
pub const LICENSE_HOLD_MAX_DAYS: i64 = 3_650;

/// How long the data and the plans of a removed license can come back, in days. Source: the page of the
/// Microsoft 365 admin center on removing licenses.
pub const LICENSE_GRACE_DAYS: i64 = 30;

/// How long a deleted user can be restored, in days. Source: the Graph page on deleting users.
pub const DELETED_USER_DAYS: i64 = 30;

/// Events whose ids are remembered, so that one that comes again does nothing.
pub const LICENSE_EVENTS_REMEMBERED_MAX: usize = 1_000_000;

/// Most times that members and licenses are worked out in one run, where rules look at service plans that licenses
/// of groups bring.
pub const LICENSE_ROUNDS_MAX: usize = 16;

/// How far a forecast of seats can look ahead, in days.
pub const FORECAST_DAYS_MAX: i64 = 3_660;

/// Most licenses of one user, counted by product and source. Nobody has hundreds; more are a mistake or meant
/// to do harm.
pub const LICENSES_PER_USER_MAX: usize = 10_000;

/// Most service plans that one license of a user switches off. The largest products have about a hundred.
pub const DISABLED_PLANS_PER_LICENSE_MAX: usize = 1_000;

/// Most provisioning errors of one user that are read.
pub const PROVISIONING_ERRORS_PER_USER_MAX: usize = 10_000;

/// Largest file with names of products and service plans, in bytes. The published one takes about one megabyte.
pub const PRODUCT_NAMES_FILE_MAX_BYTES: u64 = 64 << 20;
