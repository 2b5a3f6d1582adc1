import Foundation

/// Rows for the tasks of the files in `pipelines/`: texts like those of their examples, the same on every machine.
struct ExampleRows {
    /// Sentences with the labels that they get, one or several.
    private struct Kind {
        let labels: [String]
        let first: [String]
        let second: [String]

        init(_ labels: String..., of first: [String], _ second: [String]) {
            (self.labels, self.first, self.second) = (labels, first, second)
        }

        /// Every second combination, in a mixed order.
        var texts: [String] {
            let pairs = first.indices.flatMap { one in second.indices.map { (one, $0) } }
            let half = pairs.filter { ($0 + $1) % 2 == 0 }
            return half.indices.map { half[$0 * 7 % half.count] }.map { "\(first[$0.0]) \(second[$0.1])" }
        }
    }

    private static let kinds: [String: [Kind]] = [
        "urgency": [
            Kind("low", of: wishes, changes), Kind("normal", of: places, mistakes), Kind("high", of: alarms, outages),
        ],
        "team": [
            Kind("billing", of: requests, bills), Kind("delivery", of: requests, parcels),
            Kind("account", of: accountRequests, accounts), Kind("technical", of: moments, faults),
        ],
        "satisfaction": [
            Kind("angry", of: complaints, grievances), Kind("neutral", of: questions, facts),
            Kind("happy", of: thanks, praises),
        ],
        "desk": [
            Kind("business", of: companies, deals), Kind("culture", of: artists, works),
            Kind("politics", of: politicians, decisions), Kind("science", of: scientists, findings),
            Kind("sports", of: athletes, matches),
        ],
        "breaking": [Kind("routine", of: columns, subjects), Kind("breaking", of: calls, events)],
        "topic": [
            Kind("business", of: companies, deals), Kind("science", of: scientists, findings),
            Kind("sports", of: athletes, matches), Kind("world", of: politicians, decisions),
        ],
        "abuse": [
            Kind("insult", of: addresses, insults), Kind("threat", of: announcements, victims),
            Kind("insult", "threat", of: insulting, threats), Kind("hate", of: groups, exclusions),
            Kind("advertisement", of: offers, goods), Kind("scam", of: lures, demands),
            Kind(of: politeness, remarks),
        ],
    ]

    /// The tasks that have rows.
    static var tasks: [String] { kinds.keys.sorted() }

    /// Rows of a task as JSON Lines: every third one of a label is to validate on.
    static func lines(of task: String) -> (training: String, validation: String) {
        let isMultiLabel = task == "abuse"
        var (training, validation) = ("", "")
        for kind in kinds[task] ?? [] {
            for (index, text) in kind.texts.enumerated() {
                let labels = kind.labels.map { "\"\($0)\"" }.joined(separator: ",")
                let value = isMultiLabel ? "\"labels\":[\(labels)]" : "\"label\":\(labels)"
                let line = "{\(value),\"text\":\"\(text)\"}\n"
                if index % 3 == 2 { validation += line } else { training += line }
            }
        }
        return (training, validation)
    }
}

// MARK: - Support tickets

extension ExampleRows {
    private static let wishes = [
        "Could you", "It would be nice to", "Some day, please", "When there is time,", "No hurry, but please",
        "My idea:",
    ]
    private static let changes = [
        "make the picture a little larger", "change the colour of the menu", "rename the footer",
        "translate the help page", "move the logo to the left", "use another font",
    ]
    private static let places = [
        "Since yesterday", "For a week", "In the app", "On the website", "For one customer", "In the report",
    ]
    private static let mistakes = [
        "the address is wrong", "the date is shown twice", "the search finds too little", "the export lacks a column",
        "an old price is printed", "a mail was sent twice",
    ]
    private static let alarms = [
        "Emergency:", "Since this morning", "For all customers", "Everywhere", "Urgent:", "Right now",
    ]
    private static let outages = [
        "production is offline", "the shop is down", "nobody can log in", "no payment goes through",
        "the database does not answer", "the whole site crashes",
    ]
    private static let requests = [
        "Where is", "I never got", "Please send me", "I have a question about", "I still wait for", "Please correct",
    ]
    private static let bills = [
        "my invoice for June", "the bill of last month", "the receipt for my payment", "the refund of my money",
        "the credit note", "the amount on my invoice",
    ]
    private static let parcels = [
        "my parcel", "the package with the shoes", "the box that I ordered", "the shipment",
        "my order from the courier",
        "the second half of the delivery",
    ]
    private static let accountRequests = [
        "I cannot change", "I forgot", "Please delete", "Please reset", "I want to change", "Somebody else knows",
    ]
    private static let accounts = [
        "my password", "the login of my account", "my user name", "the e-mail address of my profile", "my account",
        "my membership",
    ]
    private static let moments = [
        "Since the update", "On my phone", "Every time", "In the browser", "After the start", "On the tablet",
    ]
    private static let faults = [
        "the app crashes", "the page stays white", "the button does nothing", "the website is slow",
        "the film does not load", "an error code appears",
    ]
    private static let complaints = [
        "This is the third time,", "I am furious:", "What a disgrace,", "Never again:", "Unbelievable,",
        "Terrible service,",
    ]
    private static let grievances = [
        "nobody answers", "you lied to me", "I want my money back", "it still does not work", "you wasted my day",
        "I have waited for weeks",
    ]
    private static let questions = [
        "I would like to know", "Please tell me", "Could you say", "My question is", "I ask for information:",
        "One question:",
    ]
    private static let facts = [
        "when you open", "which size I need", "how I change the date", "where the form is", "what the postage costs",
        "whether there is a manual",
    ]
    private static let thanks = [
        "Thank you,", "Great,", "Wonderful,", "Many thanks,", "I am delighted,", "Perfect,",
    ]
    private static let praises = [
        "that was fast", "you solved it at once", "that helped a lot", "your staff is friendly", "everything works now",
        "what a quick answer",
    ]
}

// MARK: - News

extension ExampleRows {
    private static let companies = [
        "The central bank", "The carmaker", "The airline", "The stock exchange", "The retailer", "The oil company",
    ]
    private static let deals = [
        "raises its interest rates", "reports higher profits", "sells its shares", "cuts thousands of jobs",
        "takes over a rival", "lowers its prices",
    ]
    private static let artists = [
        "The museum", "The novelist", "The opera house", "The film festival", "The painter", "The theatre",
    ]
    private static let works = [
        "opens a new exhibition", "wins a prize for a novel", "shows a lost film", "begins the season with Mozart",
        "publishes a book of poems", "celebrates a premiere",
    ]
    private static let politicians = [
        "The parliament", "The president", "The opposition", "The minister", "The government", "The party",
    ]
    private static let decisions = [
        "votes on the new law", "wins the election", "resigns after the debate", "signs a treaty",
        "rejects the reform", "forms a coalition",
    ]
    private static let scientists = [
        "Physicists", "Biologists", "Astronomers", "Chemists", "Geologists", "Researchers",
    ]
    private static let findings = [
        "discover a new particle", "measure the age of a star", "decode the genome of a fish",
        "test a vaccine in the laboratory", "find water on a distant planet", "explain how cells grow",
    ]
    private static let athletes = [
        "The striker", "The goalkeeper", "The team", "The champion", "The tennis player", "The sprinter",
    ]
    private static let matches = [
        "scores in the first half", "wins the final", "loses after a penalty", "sets a record in the race",
        "misses the match injured", "trains for the tournament",
    ]
    private static let columns = [
        "Monthly column", "The weekly report", "A review", "Our series", "The calendar", "Letters of readers",
    ]
    private static let subjects = [
        "on gardening", "on books for the summer", "about the weather of the month", "with recipes for soup",
        "on travel by train", "about old furniture",
    ]
    private static let calls = ["Breaking:", "Just in:", "Alert:", "Minutes ago:", "Now:", "Urgent:"]
    private static let events = [
        "earthquake hits the capital", "the president resigns", "explosion in a factory", "the airport is evacuated",
        "a plane has crashed", "the bridge has collapsed",
    ]
}

// MARK: - Comments

extension ExampleRows {
    private static let addresses = ["You are", "He is", "What a comment,", "Such nonsense,", "You must be", "She is"]
    private static let insults = [
        "an idiot", "a fool", "how stupid", "a complete moron", "too dumb to read", "a clown",
    ]
    private static let announcements = [
        "I will find", "We will come for", "I will hurt", "Tonight we wait for", "I know the house of", "We watch",
    ]
    private static let victims = [
        "you", "you at home", "your family", "you after school", "you and your friends", "your dog",
    ]
    private static let insulting = [
        "You idiot,", "You are a fool and", "Moron,", "You are stupid and", "Clown,", "You are a moron and",
    ]
    private static let threats = [
        "I will find you", "I will hurt you", "we will come for you", "I know where you live",
        "we will wait for you", "I will get you tonight",
    ]
    private static let groups = [
        "Those foreigners", "People of that religion", "All who come from there", "Their whole people", "Such people",
        "Immigrants",
    ]
    private static let exclusions = [
        "do not belong here", "should be thrown out of the country", "are all criminals", "are worth less than we are",
        "must not live among us", "ruin our nation",
    ]
    private static let offers = ["Buy", "Order", "Get", "Only today:", "Best price for", "Sale:"]
    private static let goods = [
        "cheap watches, link in my profile", "likes for your page, only 3 dollars", "sun glasses with 50 % off",
        "my new course, click the link", "more followers today", "shoes in our shop",
    ]
    private static let lures = [
        "You have won:", "Your bank account is blocked:", "An inheritance waits:", "Double your money:",
        "Final notice:", "The lottery has chosen you:",
    ]
    private static let demands = [
        "send me your card number", "tell us your password", "pay 100 dollars first", "confirm your bank details",
        "transfer the fee at once", "send a gift card",
    ]
    private static let politeness = ["Thanks,", "I agree,", "Interesting,", "Good point,", "Hello,", "Nice article,"]
    private static let remarks = [
        "now it is clear to me", "that helped me", "I will try it", "see you tomorrow", "where did you read that?",
        "I did not know that",
    ]
}
